import { random } from '../rng/random.js';
import type { AmedSolver, Answer } from './amed.js';
import type { SolverSettings } from './define.js';
import { type PlanFamily, planFamily } from './plan-family.js';

/** The plans of an AMED solver on one grid, as a function of its answers: r, direction, time of each step in turn. */
export function amedFamily(
  solver: AmedSolver,
  times: readonly number[],
  settings: SolverSettings & { scaled?: { direction: boolean; time: boolean } },
): PlanFamily {
  const { scaled = { direction: true, time: true }, ...rest } = settings;
  const steps = times.length - 1;
  const make = (numbers: Float64Array) => solver.planWith(times, answersIn(numbers), rest);
  const probe = (stream: number) => {
    const source = random(1, stream);
    return Float64Array.from({ length: 3 * steps }, (_, i) => {
      if (i % 3 === 0) return source.between(0.3, 0.7);
      return (i % 3 === 1 ? scaled.direction : scaled.time) ? source.between(0.8, 1.2) : 1;
    });
  };
  return planFamily(make, [probe(1), probe(2)]);
}

export function answersIn(numbers: Float64Array): Answer[] {
  return Array.from({ length: numbers.length / 3 }, (_, i) => ({
    r: numbers[3 * i],
    direction: numbers[3 * i + 1],
    time: numbers[3 * i + 2],
  }));
}
