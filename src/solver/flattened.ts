import type { Operation, Plan, Slot } from './plan.js';

/** A sum over slots. */
type Terms = ReadonlyMap<Slot, number>;

/**
 * The plan with its combinations written over the latents, constants, evaluations and noise alone: what one combination
 * read of another is multiplied out. It has the same operations and slots. States that only later states read are not
 * needed any more, so that a solver whose every state reads all evaluations keeps fewer slots at once; one that forgets
 * evaluations keeps more.
 * @returns the plan itself where it reads columns, whose products are no scalars of a plan
 */
export function flattened(plan: Plan): Plan {
  if (plan.columns > 0) return plan;
  const sums = new Map<Slot, Terms>();
  const operations = plan.operations.map((operation): Operation => {
    const terms = termsOf(operation);
    if (!terms) return operation;
    const sum = new Map<Slot, number>();
    for (const [coefficient, slot] of terms) {
      for (const [base, share] of sums.get(slot) ?? [[slot, 1] as const]) {
        sum.set(base, (sum.get(base) ?? 0) + coefficient * share);
      }
    }
    sums.set(operation.out, sum);
    return {
      kind: 'combine',
      terms: [...sum].map(([slot, coefficient]) => ({ coefficient, slot })),
      out: operation.out,
    };
  });
  return { ...plan, operations };
}

/** What an operation without columns sums, where that is all it does. */
function termsOf(operation: Operation): [coefficient: number, slot: Slot][] | undefined {
  switch (operation.kind) {
    case 'combine':
      return operation.terms.map(({ coefficient, slot }) => [coefficient as number, slot]);
    case 'euler-at': {
      const [start, at, scale] = [operation.start, operation.at, operation.scale] as number[];
      return [
        [1, operation.state],
        [scale * (at - start), operation.velocity],
      ];
    }
    default:
      return undefined;
  }
}
