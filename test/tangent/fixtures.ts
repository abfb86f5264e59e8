import { polynomial } from '../../src/grid/grid.js';
import { random } from '../../src/rng/random.js';
import { PlanBuilder } from '../../src/solver/builder.js';
import { type PlanFamily, planFamily } from '../../src/solver/plan-family.js';
import { initialTangent, tangentLayout } from '../../src/tangent/tangent-layout.js';
import { type Move, type TangentSpec, tangentPlan } from '../../src/tangent/tangent-plan.js';
import type { TangentPredictor } from '../../src/tangent/tangent-predictor.js';

/** Euler steps of which all times between the ends, the lengths c and the factors a of what is told are parameters. */
export interface Euler {
  times: number[];
  /** [log t_1 .. log t_{K-1}, c_0 .. c_{K-1}, log a_0 .. log a_{K-1}]. */
  parameters: Float64Array;
}

/** Parameters near those of plain Euler steps. */
export function nearEuler(steps: number, seed: number, size: number, sigmaMax = 20): Euler {
  const times = polynomial().times(steps, { sigmaMin: 0.05, sigmaMax });
  const source = random(seed, 31);
  const off = () => size * source.between(-1, 1);
  return {
    times,
    parameters: Float64Array.of(
      ...times.slice(1, -1).map((time) => Math.log(time) + off()),
      ...Array.from({ length: steps }, () => 1 + off()),
      ...Array.from({ length: steps }, off),
    ),
  };
}

/** x' = x + c (t' / t - 1) (x - D(x, a t)). */
export function eulerPlan(times: readonly number[], parameters: Float64Array) {
  const steps = times.length - 1;
  const at = (n: number) => (n === 0 || n === steps ? times[n] : Math.exp(parameters[n - 1]));
  const b = new PlanBuilder(times, false, true);
  let x = b.start;
  for (let n = 0; n < steps; n++) {
    const c = parameters[steps - 1 + n];
    const denoised = b.denoised(x, Math.exp(parameters[2 * steps - 1 + n]) * at(n));
    const h = c * (at(n + 1) / at(n) - 1);
    x = b.reach(b.combine([1 + h, x], [-h, denoised]));
  }
  return b.finish('euler-learned');
}

export function eulerFamily(times: readonly number[]): PlanFamily {
  const steps = times.length - 1;
  const probe = (seed: number) => nearEuler(steps, seed, 0.1, times[0]).parameters;
  return planFamily((parameters) => eulerPlan(times, parameters), [probe(1), probe(2)]);
}

/** After evaluation k: log t_{k+1} within half the smaller gap beside it, c_k, and log a_{k+1}. */
export function eulerSpec({ times, parameters }: Euler): TangentSpec {
  const steps = times.length - 1;
  const logs = [Math.log(times[0]), ...parameters.subarray(0, steps - 1), Math.log(times[steps])];
  const moves = Array.from({ length: steps }, (_, k): (Move | undefined)[] => {
    const c: Move = { parameter: steps - 1 + k, kind: 'scaled', width: 0.1 };
    if (k === steps - 1) return [undefined, c];
    const width = 0.5 * Math.min(logs[k] - logs[k + 1], logs[k + 1] - logs[k + 2]);
    return [
      { parameter: k, kind: 'bounded', width },
      c,
      { parameter: 2 * steps + k, kind: 'scaled', width: 0.1 },
    ];
  });
  return { family: eulerFamily(times), parameters, moves, shared: [...parameters.keys()] };
}

/** A tangent network of random weights, none of them 0, that moves all there is. */
export function randomTangent(spec: TangentSpec, dim: number, seed: number): TangentPredictor {
  const tangent = tangentPlan(spec);
  const layout = tangentLayout(tangent, dim);
  const source = random(seed, 32);
  const parameters = initialTangent(layout, seed).map(
    (value, i) => 0.5 * value + (i < layout.shared.offset ? 0.15 : 0.05) * source.normal(),
  );
  const mean = new Float32Array(dim).map((_, d) => 0.1 * ((d % 5) - 2));
  return { kind: 'tangent', tangent, parameters, figures: { mean, std: 0.7 } };
}

/** The same with nothing that moves. */
export function stillTangent(predictor: TangentPredictor, seed: number): TangentPredictor {
  const layout = tangentLayout(predictor.tangent, predictor.figures.mean.length);
  return { ...predictor, parameters: initialTangent(layout, seed) };
}
