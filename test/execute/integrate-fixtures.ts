import { integrateReference } from '../../src/execute/integrate-reference.js';
import type { IntegrationRequest } from '../../src/execute/integration.js';
import type { Field } from '../../src/field/field.js';
import { type Random, random } from '../../src/rng/random.js';
import { disturbedField, EPSILON } from './rounding.js';

/** The same of a closed divergence: it sums as many terms as D, the largest of which are of the dimension's size. */
function disturbed(field: Field, source: Random): Field {
  const { divergence, dim } = field;
  const off = (size: number) => EPSILON * (8 + dim) * size * source.between(-1, 1);
  return {
    ...disturbedField(field, source),
    ...(divergence && {
      divergence(x, sigma, drift) {
        const value = divergence(x, sigma, drift);
        for (let d = 0; d < dim; d++) drift[d] += off(1 + Math.abs(x[d]));
        return value + off(1 + dim);
      },
    }),
  };
}

/** Four runs in float64 whose every evaluation is disturbed at random by as much as float32 rounds. */
export const disturbedRuns = (field: Field, request: IntegrationRequest, seed: number) =>
  [1, 2, 3, 4].map((run) => integrateReference(disturbed(field, random(seed, run)), request));

/** What float32 may do to each trajectory's end and log-determinants: see `disturbedRuns`. */
export function integrationRounding(field: Field, request: IntegrationRequest, seed: number) {
  const exact = integrateReference(field, request);
  const states = new Array<number>(exact.evaluations.length).fill(0);
  const logDeterminants = [...states];
  for (const off of disturbedRuns(field, request, seed)) {
    for (const [i, value] of off.states.entries()) {
      const row = Math.floor(i / field.dim);
      states[row] = Math.max(states[row], Math.abs(value - exact.states[i]));
    }
    for (const [q, values] of off.logDeterminants.entries()) {
      for (const [row, value] of values.entries()) {
        logDeterminants[row] = Math.max(
          logDeterminants[row],
          Math.abs(value - exact.logDeterminants[q][row]),
        );
      }
    }
  }
  return { exact, errors: { states, logDeterminants } };
}
