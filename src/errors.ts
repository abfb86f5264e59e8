/**
 * Every way in which fewstep refuses to go on. The code is stable, for programs; the message says what is
 * wrong, with the place; the remedy says what to do about it.
 */
export type ErrorCode =
  /** A value out of its bounds, or a request whose parts exclude each other. */
  | 'bad-argument'
  /** A file, or data for a training, whose content cannot be what it should be. */
  | 'bad-data'
  /** A field that is impossible, or that lacks what is asked of it: a gradient, a float64 form, hidden features. */
  | 'bad-field'
  /** Times that do not decrease, or a range or a number of steps for which a grid has none. */
  | 'bad-grid'
  /** An array whose length is not the product of the dimensions it should have. */
  | 'bad-shape'
  /** NaN or infinity in what was given, or in what a run came to. */
  | 'not-finite'
  /** A number of evaluations that a solver, a predictor or a table cannot make exactly. */
  | 'unreachable-nfe'
  /** Adaptive steps that would become too short or too many. */
  | 'unreachable-tolerance'
  /** A budget in which nothing can be learned; where it is one of evaluations the remedy names the least that is enough. */
  | 'unreachable-budget'
  /** A name that does not exist; the remedy lists those that do. */
  | 'unknown-name'
  /** A file that cannot be read or written. */
  | 'file'
  /** No adapter of the kind asked for gave a device. */
  | 'no-adapter'
  /** More than the device allows in one buffer or binding, or a call that WebGPU refused. */
  | 'device-limit'
  | 'device-lost'
  | 'out-of-memory'
  /** WGSL that does not link or compile; the message names file, line and column. */
  | 'shader-compilation'
  /** A command of the command line that was told to stop. */
  | 'interrupted';

/**
 * What fewstep throws on purpose: switch on `code`, show `message` and `remedy` to people.
 * A given AbortSignal is another matter: functions then throw its `reason`.
 */
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

/**
 * The nearest of `names` to a misspelt `name`: the first that goes on after it, else by edit distance, or undefined
 * when none is close. One of which nothing is left is not close.
 */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  let best = name.length > 1 ? names.find((candidate) => candidate.startsWith(name)) : undefined;
  if (best !== undefined) return best;
  let bestDistance = Math.min(name.length, Math.max(2, Math.floor(name.length / 3)) + 1);
  for (const candidate of names) {
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/**
 * An `unknown-name` error that lists what exists and suggests one.
 * @param meant what to suggest; by default the nearest
 */
export function unknownName(
  kind: string,
  name: string,
  names: readonly string[],
  meant?: string,
): FewstepError {
  const nearest = meant ?? nearestName(name, names);
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
