import { random } from '../../src/rng/random.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { nfeOf, type Plan } from '../../src/solver/plan.js';
import { solvers } from '../../src/solver/registry.js';

/** Times that fall by random factors from 1.3 to 4. */
export function randomTimes(seed: number, steps: number): number[] {
  const source = random(seed, 7);
  const times = [source.between(20, 100)];
  while (times.length <= steps) times.push(times[times.length - 1] / source.between(1.3, 4));
  return times;
}

/** Every solver there is, those that learn with random answers, without and with AFS; never plans of no evaluation. */
export function everyPlan(seed: number, steps: number): { name: string; plan: Plan }[] {
  const times = randomTimes(seed, steps);
  const source = random(seed, 8);
  const answers = times.slice(1).map(() => ({
    r: source.between(0.2, 0.8),
    direction: source.between(0.8, 1.2),
    time: source.between(0.5, 2),
  }));
  return [false, true].flatMap((afs) =>
    [
      ...solvers.map((solver) => ({ name: solver.name, plan: solver.plan(times, { afs }) })),
      ...amedSolvers.map(({ name, planWith }) => ({
        name: `${name}, told times out of order`,
        plan: planWith(times, answers, { afs }),
      })),
    ]
      .map(({ name, plan }) => ({ name: `${name}${afs ? ', AFS' : ''}`, plan }))
      .filter(({ plan }) => nfeOf(plan) > 0),
  );
}
