import { FewstepError } from '../errors.js';
import { nfeOf, type Operation, type Plan } from './plan.js';

/**
 * A plan whose field is told other times than it is evaluated at: evaluation k hears scales[k] times its own. What it
 * divides by stays, as in AMED and with the decoupled times of LD3 (arXiv 2405.15506).
 *
 * @param plan times that are numbers, as solvers that learned nothing have
 * @param scales of each evaluation, [NFE], above 0
 * @throws FewstepError bad-shape for another number of scales, bad-argument for one that is not above 0
 */
export function withToldTimes(plan: Plan, scales: ArrayLike<number>): Plan {
  const evaluations = nfeOf(plan);
  if (scales.length !== evaluations) {
    throw new FewstepError(
      'bad-shape',
      `${scales.length} scales of told times are given, and ${plan.solver} makes ${evaluations} evaluations`,
      'give one for each evaluation',
    );
  }
  const wrong = Array.from(scales).find((scale) => !(scale > 0 && Number.isFinite(scale)));
  if (wrong !== undefined) {
    throw new FewstepError('bad-argument', `a scale of told times is ${wrong}`, 'give numbers above 0');
  }
  let index = 0;
  const operations = plan.operations.map((operation): Operation => {
    if (operation.kind !== 'evaluate') return operation;
    if (typeof operation.time !== 'number') throw new Error(`${plan.solver}: its times are columns`);
    return { ...operation, time: operation.time * scales[index++] };
  });
  return { ...plan, operations };
}
