import { checkEntries, type Entries } from '../../arguments.js';
import { checkField } from '../../field/check.js';
import type { Field } from '../../field/field.js';
import { checkGpu } from '../../gpu/check.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { SigmaRange } from '../../grid/grid.js';
import { rangeWithin } from '../../sample-range.js';
import type { SearchCost } from '../../search/gits.js';
import { type BespokeForm, bespokePlan } from '../../solver/bespoke.js';
import type { Plan } from '../../solver/plan.js';
import {
  findUniversalSolver,
  type UniversalKind,
  universalKindsOf,
  universalPlan,
  universalTable,
} from '../../solver/universal.js';
import { scoreOnHost } from '../on-host.js';
import type { TeacherPool } from '../pool.js';
import { leastOf, type Score, scoreOf } from '../score.js';
import { fieldFigures, figuresAndPool } from './field-figures.js';

/** The universal solver of K evaluations for a field. */
export interface UniversalChoice {
  /** What its table was trained over. */
  kind: UniversalKind;
  /** Mean [dim] and one standard deviation of the field's data, at which the table is placed. */
  data: BespokeForm['data'];
  plan: Plan;
  /** Only where the field was evaluated for it. */
  search?: SearchCost;
}

/** What a universal solver is chosen for, and how that may be watched and ended. */
export interface UniversalRequest {
  /** One of `universalCounts`. */
  nfe: number;
  /** 0.002 to 80 by default, or what of it the field's process has. */
  range?: Partial<SigmaRange>;
  signal?: AbortSignal;
  /** While the field is measured, and again while tables are compared: how many trajectories are done, of how many. */
  onProgress?: (done: number, total: number) => void;
}

const ENTRIES: Entries<UniversalRequest> = { nfe: true, range: false, signal: false, onProgress: false };

/** A universal solver on a field, and whose table it is. */
export interface UniversalCandidate {
  kind: UniversalKind;
  form: BespokeForm;
  numbers: Float64Array;
}

/** The universal solvers that may suit a field and for which the range has room. */
export function universalCandidates(
  field: Field,
  { nfe, data, range }: Pick<BespokeForm, 'nfe' | 'data' | 'range'>,
): UniversalCandidate[] {
  return universalKindsOf(field).flatMap((kind) => {
    const solver = findUniversalSolver(nfe, data, range, kind);
    return solver ? [{ kind, ...solver }] : [];
  });
}

/** Evaluations of each trajectory on which so many solvers are compared: one alone is not. */
export function comparisonEvaluations(candidates: number, nfe: number): number {
  return candidates > 1 ? candidates * nfe : 0;
}

/**
 * Of several solvers the one that ends nearest to the trajectories' ends; undefined of none.
 * @param gpu without one they are solved in float64 on the host
 * @param watch `onProgress` is called with how many trajectories are solved, of how many
 */
export async function nearestOf<C extends Pick<UniversalCandidate, 'form' | 'numbers'>>(
  gpu: Gpu | undefined,
  field: Field,
  candidates: readonly C[],
  pool: TeacherPool,
  { signal, onProgress }: Pick<UniversalRequest, 'signal' | 'onProgress'> = {},
): Promise<C | undefined> {
  if (candidates.length < 2) return candidates[0];
  const trajectories = pool.latents.length / pool.dim;
  const shown = (done: number) => onProgress?.(done * trajectories, candidates.length * trajectories);
  shown(0);
  const scores: Score[] = [];
  for (const { form, numbers } of candidates) {
    signal?.throwIfAborted();
    const plan = bespokePlan(form, numbers);
    scores.push(gpu ? await scoreOf(gpu, field, plan, pool) : await scoreOnHost(field, plan, pool, signal));
    shown(scores.length);
  }
  return leastOf(candidates, scores);
}

const chosen = new WeakMap<Field, Map<string, UniversalChoice>>();

/**
 * Chooses the universal solver of K evaluations for a field: those whose tables may suit it are compared on 128
 * trajectories, once for each NFE and range.
 * @param gpu may be left out for a mixture or data set: then the comparison is made in float64 on the host, which takes
 *   seconds for thousands of components
 * @throws FewstepError unreachable-nfe where there is none, bad-grid where the range has no room for any, bad-argument for
 *   noise levels that the field does not know; as `fieldFigures`, device-limit
 */
export async function chooseUniversal(
  gpu: Gpu | undefined,
  field: Field,
  request: UniversalRequest,
): Promise<UniversalChoice> {
  if (gpu !== undefined) checkGpu(gpu);
  checkField(field);
  checkEntries('the request of chooseUniversal', request, ENTRIES);
  universalTable(request.nfe);
  const range = rangeWithin(field, request.range);
  const key = `${request.nfe} ${range.sigmaMax} ${range.sigmaMin}`;
  const known = chosen.get(field)?.get(key);
  if (known) return known;
  const choice = await choose(gpu, field, { ...request, range });
  chosen.set(field, (chosen.get(field) ?? new Map<string, UniversalChoice>()).set(key, choice));
  return choice;
}

async function choose(
  gpu: Gpu | undefined,
  field: Field,
  { nfe, range, signal, onProgress }: UniversalRequest & { range: SigmaRange },
): Promise<UniversalChoice> {
  const { data, search: measuring } = await fieldFigures(gpu, field, range, signal, onProgress);
  const candidates = universalCandidates(field, { nfe, data, range });
  // Where the range has room for none, the plan of any says so.
  const planOf = (kind: UniversalKind) => ({ kind, data, plan: universalPlan(nfe, data, range, kind) });
  if (candidates.length < 2)
    return { ...planOf(candidates.at(0)?.kind ?? 'exact'), ...(measuring && { search: measuring }) };
  const { pool, search } = await figuresAndPool(gpu, field, range, signal, onProgress);
  const begin = performance.now();
  const nearest = await nearestOf(gpu, field, candidates, pool, { signal, onProgress });
  const comparison = {
    tables: candidates.length,
    evaluations: comparisonEvaluations(candidates.length, nfe),
    trajectories: pool.latents.length / pool.dim,
  };
  const seconds = search.seconds + (performance.now() - begin) / 1000;
  return { ...planOf(nearest!.kind), search: { ...search, comparison, seconds } };
}
