import { checkEntries, type Entries, isObject, shown } from '../arguments.js';
import { FewstepError, unknownName } from '../errors.js';
import { checkField } from '../field/check.js';
import type { Field } from '../field/field.js';
import type { DivergenceMethod } from './drift.js';
import { checkWhole, rowsOf } from './inputs.js';
import type { StepChoice } from './step-control.js';

/**
 * The diffusion ODE of many trajectories from one noise level to another, up or down, in ln sigma: dx / d ln sigma =
 * x - D(x, sigma).
 */
export interface IntegrationRequest {
  /** Where trajectories begin, [batch, dim], in the field's units. */
  states: ArrayLike<number>;
  /** Noise levels sigma at which they begin and end, above 0 and not the same. */
  from: number;
  to: number;
  /** `DEFAULT_TOLERANCE` is the usual one. */
  steps: StepChoice;
  /** How the logarithm of the flow's determinant is found besides; by default not at all. */
  divergence?: DivergenceMethod;
  /** The condition of each trajectory, [batch], of a field that has some; by default in turn: see `Field.conditions`. */
  conditions?: ArrayLike<number>;
}

/** What an integration came to, with the arrays of who made it. */
export interface Integration<Numbers> {
  /** Where trajectories end, [batch, dim], in the field's units. */
  states: Numbers;
  /**
   * The integrals of the divergence over ln sigma, which are ln |det dx_to / dx_from|, in nats: [batch] for each of the
   * method's estimates, of which exact methods have one.
   */
  logDeterminants: Float64Array[];
  /** Field evaluations made for each trajectory until it ended, rejected steps' among them, [batch]. */
  evaluations: Uint32Array;
  /** Steps that were tried in vain, [batch]. */
  rejected: Uint32Array;
  /** The shortest step in ln sigma, [batch]. */
  shortest: Float64Array;
}

export const INTEGRATION_ENTRIES: Entries<IntegrationRequest> = {
  states: true,
  from: true,
  to: true,
  steps: true,
  divergence: false,
  conditions: false,
};

/** The names of methods that find a divergence. */
const METHODS = ['none', 'exact', 'hutchinson'] as const;

/** More than this is a slip of the finger: each probe needs a slot and a product at each evaluation. */
const MOST_PROBES = 1024;

/**
 * The number of trajectories of a request.
 * @param who takes it, and the entries that it may have
 * @throws FewstepError bad-shape, not-finite, bad-argument, unknown-name
 */
export function checkIntegration<Request extends IntegrationRequest>(
  [who, entries]: [string, Entries<Request>],
  field: Field,
  request: Request,
): number {
  checkField(field);
  checkEntries(`${who}'s request`, request, entries);
  const { states, from, to, divergence = { kind: 'none' } } = request;
  const batch = rowsOf(states, field.dim);
  if (!(from > 0 && to > 0 && from !== to && Number.isFinite(from) && Number.isFinite(to))) {
    throw new FewstepError(
      'bad-argument',
      `there is no path from sigma ${from} to sigma ${to}`,
      'give two different noise levels above 0',
    );
  }
  checkDivergence(divergence);
  return batch;
}

function checkDivergence(divergence: DivergenceMethod): void {
  if (!isObject(divergence)) {
    throw new FewstepError(
      'bad-argument',
      `the divergence is ${shown(divergence)}, not an object`,
      "write { kind: 'exact' }, or { kind: 'hutchinson', probes: 16, seed: 0 }",
    );
  }
  const { kind } = divergence;
  if (!METHODS.includes(kind)) throw unknownName('kind of divergence', String(kind), METHODS);
  if (kind !== 'hutchinson') {
    checkEntries<{ kind: string }>('the divergence', divergence, { kind: true });
    return;
  }
  checkEntries<typeof divergence>('the divergence', divergence, { kind: true, probes: true, seed: true });
  checkWhole('number of probes', divergence.probes, 1);
  checkWhole('seed', divergence.seed, 0);
  if (divergence.probes > MOST_PROBES) {
    throw new FewstepError(
      'bad-argument',
      `${divergence.probes} probes are more than ${MOST_PROBES}`,
      'give fewer; with as many probes as dimensions the exact divergence costs no more',
    );
  }
}
