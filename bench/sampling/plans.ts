import type { Field } from '../../src/field/field.js';
import { polynomial } from '../../src/grid/grid.js';
import { initialNetwork, type NetworkConfig } from '../../src/predictor/network-config.js';
import type { NetworkPredictor } from '../../src/predictor/network-predictor.js';
import { predictedPlan } from '../../src/predictor/predicted-plan.js';
import { type AmedSolver, amedSolvers } from '../../src/solver/amed.js';
import type { Plan } from '../../src/solver/plan.js';
import { solverByName, stepsForNfe } from '../../src/solver/registry.js';
import { universalPlan } from '../../src/solver/universal.js';

/** What is sampled: a plan of an NFE, and who answers for its columns. */
export interface SamplingPlan {
  plan: Plan;
  predictor?: NetworkPredictor;
}

/**
 * The plan of a solver for a field: of `bespoke` the universal table of exact fields, of an AMED solver one whose network
 * is asked in every step. Weights are as training begins with them; what a step costs does not depend on them.
 * @throws FewstepError unknown-name, unreachable-nfe
 */
export function samplingPlan(name: string, field: Field, nfe: number): SamplingPlan {
  if (name === 'bespoke') {
    const mean = new Array<number>(field.dim).fill(0);
    return { plan: universalPlan(nfe, { mean, std: 1 }) };
  }
  const solver = solverByName(name);
  const times = polynomial().times(stepsForNfe(solver, nfe));
  const amed = amedSolvers.find((each) => each.name === name);
  return amed ? asked(amed, times, field) : { plan: solver.plan(times) };
}

function asked(solver: AmedSolver, times: number[], field: Field): SamplingPlan {
  const config: NetworkConfig = {
    scaleDirection: 0.01,
    scaleTime: 0.2,
    reads: field.features ? 'hidden' : 'state',
  };
  const predicted = predictedPlan(solver, times, { afs: false, scaled: { direction: true, time: true } });
  const predictor: NetworkPredictor = {
    kind: 'amed',
    predicted,
    config,
    parameters: initialNetwork(config, 0),
    figures: { mean: new Float32Array(field.dim), std: 1 },
  };
  return { plan: predicted.plan, predictor };
}
