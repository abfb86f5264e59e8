import type { Field } from '../src/field/field.js';
import { polynomial } from '../src/grid/grid.js';
import { initialNetwork } from '../src/predictor/network-config.js';
import type { NetworkPredictor } from '../src/predictor/network-predictor.js';
import { predictedPlan } from '../src/predictor/predicted-plan.js';
import { amedSolvers } from '../src/solver/amed.js';
import type { Plan } from '../src/solver/plan.js';
import { solverByName, stepsForNfe } from '../src/solver/registry.js';

/** Two solvers of the ODE, one of the reverse SDE, and one whose steps ask a network, with random weights, per trajectory. */
export const SAMPLING_SOLVERS = ['euler', 'heun', 'ancestral', 'amed'] as const;

export interface SamplingRun {
  plan: Plan;
  predictor?: NetworkPredictor;
}

/** A solver's plan at an NFE, and the network that it asks, which reads what `field` has to show. */
export function samplingRun(name: string, nfe: number, field: Field): SamplingRun {
  const solver = solverByName(name);
  const times = polynomial().times(stepsForNfe(solver, nfe));
  const amed = amedSolvers.find((one) => one.name === name);
  if (!amed) return { plan: solver.plan(times) };
  const config = { scaleDirection: 0.1, scaleTime: 0, reads: field.features ? 'hidden' : 'state' } as const;
  const predicted = predictedPlan(amed, times, { scaled: { direction: true, time: false } });
  const figures = { mean: new Float32Array(field.dim), std: 0.5 };
  const parameters = initialNetwork(config, 1);
  return { plan: predicted.plan, predictor: { kind: 'amed', predicted, config, parameters, figures } };
}
