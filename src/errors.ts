/**
 * Every way in which fewstep refuses to go on. The code is stable, for programs; the message says what is
 * wrong, with the place; the remedy says what to do about it.
 */
export type ErrorCode =
  | 'bad-argument'
  | 'bad-data'
  | 'bad-field'
  | 'bad-grid'
  | 'bad-shape'
  | 'not-finite'
  | 'unreachable-nfe'
  | 'unreachable-tolerance'
  | 'unknown-name'
  | 'file'
  | 'no-adapter'
  | 'device-limit'
  | 'device-lost'
  | 'out-of-memory'
  | 'shader-compilation'
  | 'interrupted';

export class FewstepError extends Error {
  override readonly name = 'FewstepError';

  /**
   * @param code stable identifier of the kind of error
   * @param message what is wrong and where
   * @param remedy what the caller can do about it
   */
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly remedy: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The nearest of `names` to a misspelt `name`, by edit distance, or undefined when none is close. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of names) {
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** An `unknown-name` error that lists what exists and suggests the nearest. */
export function unknownName(kind: string, name: string, names: readonly string[]): FewstepError {
  const nearest = nearestName(name, names);
  return new FewstepError(
    'unknown-name',
    `unknown ${kind} '${name}'`,
    `${nearest ? `did you mean '${nearest}'? ` : ''}known: ${names.join(', ')}`,
  );
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(previous[j] + 1, row[j - 1] + 1, substitution);
    }
    previous = row;
  }
  return previous[b.length];
}
