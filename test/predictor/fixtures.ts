import type { Field } from '../../src/field/field.js';
import { polynomial } from '../../src/grid/grid.js';
import { initialNetwork, type NetworkConfig, networkLayout } from '../../src/predictor/network-config.js';
import type { NetworkPredictor } from '../../src/predictor/network-predictor.js';
import { predictedPlan } from '../../src/predictor/predicted-plan.js';
import { random } from '../../src/rng/random.js';
import type { AmedSolver } from '../../src/solver/amed.js';

/** Published weights with something added to each, so that none is 0; the heads are small, so that no r is 1. */
export function randomNetwork(config: NetworkConfig, seed: number): Float32Array {
  const source = random(seed, 3);
  const heads = networkLayout(config).heads[0].weight.offset;
  return initialNetwork(config, seed).map(
    (value, i) => (i < heads ? 1 : 0.3) * (value + 0.1 * source.normal()),
  );
}

/** A predictor of random weights for a solver. */
export function randomPredictor(
  solver: AmedSolver,
  field: Field,
  config: NetworkConfig,
  { seed, steps, afs }: { seed: number; steps: number; afs: boolean },
): NetworkPredictor {
  const scaled = { direction: config.scaleDirection > 0, time: config.scaleTime > 0 };
  const times = polynomial().times(steps, { sigmaMin: 0.05, sigmaMax: 20 });
  const offsets = times.slice(1).map((_, n) => [0.1 - 0.1 * n, 0.2 * n, -0.1 * n] as const);
  return {
    kind: 'amed',
    predicted: predictedPlan(solver, times, { afs, scaled }, offsets),
    config,
    parameters: randomNetwork(config, seed),
    figures: { mean: new Float32Array(field.dim).map((_, d) => 0.1 * d), std: 0.7 },
  };
}
