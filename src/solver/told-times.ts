import type { Evaluate, Operation, Plan } from './plan.js';

/**
 * A plan whose field is told other times than it is evaluated at: evaluation k hears scales[k] times its own. What it
 * divides by stays, as in AMED and, as decoupled times, in LD3 (arXiv 2405.15506, section 4).
 *
 * @param plan times that are numbers, as solvers that learned nothing have
 * @param scales of each evaluation, [NFE]
 */
export function withToldTimes(plan: Plan, scales: ArrayLike<number>): Plan {
  let index = 0;
  const told = (operation: Evaluate): Evaluate => {
    const scale = scales[index++];
    if (typeof operation.time !== 'number' || scale === undefined) {
      throw new Error(`${plan.solver}: ${scales.length} scales do not fit its evaluations`);
    }
    return { ...operation, time: operation.time * scale };
  };
  const operations = plan.operations.map(
    (operation): Operation => (operation.kind === 'evaluate' ? told(operation) : operation),
  );
  return { ...plan, operations };
}
