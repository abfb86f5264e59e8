import { amedSolver } from '../../src/predictor/predictor.js';
import { threefry4x32, type Words } from '../../src/rng/threefry.js';
import { amedFamily } from '../../src/solver/amed-family.js';
import type { Plan } from '../../src/solver/plan.js';
import type { Row } from './rows.js';

/** Apart from latents (0) and training (from 16 on). */
const STREAM = 8;
const [LEAST, MOST] = [0.05, 0.95];

/** An AMED solver that looks anywhere: what of its error is the place where it looks? */
export function randomR(
  { solver: text, afs }: Pick<Row, 'solver' | 'afs'>,
  times: readonly number[],
): { plan: Plan; columns(batch: number, seed: number): Float32Array } {
  const { solver, options } = amedSolver(text);
  const family = amedFamily(solver, times, { afs, options, scaled: { direction: false, time: false } });
  const steps = times.length - 1;
  return {
    plan: family.plan,
    columns(batch, seed) {
      const columns = new Float32Array(family.plan.columns * batch);
      for (let trajectory = 0; trajectory < batch; trajectory++) {
        const answers = Float64Array.from({ length: 3 * steps }, (_, i) =>
          i % 3 === 0 ? uniformR(seed, trajectory, i / 3) : 1,
        );
        for (const [column, value] of family.values(answers).entries()) {
          columns[column * batch + trajectory] = value;
        }
      }
      return columns;
    },
  };
}

/** Uniform on (0.05, 0.95), a matter of seed, trajectory and step alone. */
function uniformR(seed: number, trajectory: number, step: number): number {
  const key: Words = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, 0, 0];
  const [word] = threefry4x32(key, [trajectory, 0, step, STREAM]);
  return LEAST + (MOST - LEAST) * (word + 0.5) * 2 ** -32;
}
