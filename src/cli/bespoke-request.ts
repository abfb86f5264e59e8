import { basename } from 'node:path';
import { BESPOKE, type TrainedCandidate } from '../distill/bespoke.js';
import { NET_ITERATIONS } from '../distill/bespoke-net.js';
import { type Budget, countedIterations } from '../distill/budget.js';
import type { BespokesRequest } from '../distill/learned.js';
import { checkAffordable, sizesWithin, unknownData } from '../distill/needed-evaluations.js';
import { checkSettings, ROBUST } from '../distill/settings.js';
import { teacherOf } from '../distill/students.js';
import { FewstepError, unknownName } from '../errors.js';
import type { Field } from '../field/field.js';
import type { SigmaRange } from '../grid/grid.js';
import { formOf } from '../predictor/bespoke-predictor.js';
import { BESPOKE_FORMULAS, BESPOKE_STARTS, type BespokeStart, bespokeLayout } from '../solver/bespoke.js';
import { type DistillOptions, flag, rangeOf, refuseOptions } from './distill-request.js';
import type { LoadedPredictor } from './sample-predictor.js';

/** Options of AMED's distillation that say nothing here. */
const FOREIGN = {
  afs: 'which start is best is searched: --starts afs allows that alone',
  grid: 'all times are learned, and grids to begin with searched',
  recipe: 'there is one recipe',
  kind: '--solver bespoke is a table, and bespoke-net has networks on top of it',
  reads: 'networks of bespoke-net read states and evaluations',
  teacherSubsteps: 'give --teacher-nfe',
  scaleDir: 'all coefficients are learned',
  scaleTime: 'all times that the field is told are learned',
};
/** Options of this one alone. */
const OWN = [
  'candidates',
  'candidateIterations',
  'formulas',
  'starts',
  'budget',
  'from',
  'netIterations',
] as const;

/** @throws FewstepError bad-argument where an option of a bespoke solver's distillation is given to another's */
export function refuseBespokeOptions(given: DistillOptions): void {
  const found = OWN.find((name) => given[name] !== undefined);
  if (found === undefined) return;
  throw new FewstepError(
    'bad-argument',
    `--${flag(found)} does not apply to ${given.solver}`,
    'leave it out, or distil --solver bespoke',
  );
}

/**
 * @param from what --from names
 * @throws FewstepError for a distillation that cannot be, before anything runs
 */
export function bespokeRequest(given: DistillOptions, field: Field, from?: LoadedPredictor): BespokesRequest {
  refuseOptions(given, FOREIGN, 'a bespoke solver');
  const networks = given.solver === 'bespoke-net';
  if (given.netIterations !== undefined && !networks) {
    throw new FewstepError(
      'bad-argument',
      '--net-iterations does not apply to bespoke, which has no networks',
      'leave it out, or distil --solver bespoke-net',
    );
  }
  const range = rangeOf(field, given);
  for (const nfe of given.nfe) bespokeLayout({ formula: BESPOKE_FORMULAS[0], start: 'none', nfe });
  const choices = {
    ...(given.formulas && { formulas: known('formula', given.formulas, BESPOKE_FORMULAS) }),
    ...(given.starts && { starts: known('start', given.starts, BESPOKE_STARTS) as BespokeStart[] }),
  };
  const teacherNfe = given.teacherNfe ?? ROBUST.teacher.nfe;
  const usual = { ...ROBUST, batch: BESPOKE.batch };
  const sizes = sizesWithin(given.budget, { nfes: given.nfe, range, teacherNfe, ...choices }, usual);
  const batch = given.batch ?? sizes.batch;
  const budget = budgetOf(given, batch);
  const settings = checkSettings({
    ...ROBUST,
    seed: given.seed ?? BESPOKE.seed,
    teacher: {
      solver: given.teacher ?? ROBUST.teacher.solver,
      nfe: teacherNfe,
      grid: given.teacherGrid ?? ROBUST.teacher.grid,
    },
    trajectories: given.trajectories ?? sizes.trajectories,
    validation: given.validation ?? sizes.validation,
    batch,
    iterations: given.iterations ?? BESPOKE.iterations,
  });
  const wanted = { ...choices, range, data: unknownData(range) };
  if (budget) for (const nfe of given.nfe) checkAffordable(budget, { ...wanted, nfe }, settings);
  return {
    field,
    nfes: given.nfe,
    range,
    settings,
    teacher: teacherOf(field, settings, range, given.nfe),
    training: {
      range,
      batch,
      candidates: given.candidates ?? BESPOKE.candidates,
      candidateIterations: given.candidateIterations ?? BESPOKE.candidateIterations,
      iterations: settings.iterations,
      ...(budget && { budget }),
      seed: settings.seed,
    },
    ...(networks && { netIterations: given.netIterations ?? NET_ITERATIONS, netBatch: given.batch }),
    choices,
    given: from ? givenSolvers(from, field, range, given.nfe) : new Map(),
  };
}

function budgetOf({ budget, iterations }: DistillOptions, batch: number): Budget | undefined {
  if (budget && iterations !== undefined) {
    throw new FewstepError('bad-argument', '--budget and --iterations are given', 'give one of them');
  }
  if (!budget || countedIterations(budget, batch) !== 0) return budget;
  throw new FewstepError(
    'bad-argument',
    `--budget: ${budget.amount} ${budget.unit} are no iteration of ${batch} trajectories`,
    'give more, or a smaller --batch',
  );
}

function known(what: string, names: readonly string[], list: readonly string[]): readonly string[] {
  const foreign = names.find((name) => !list.includes(name));
  if (foreign !== undefined) throw unknownName(what, foreign, list);
  return names;
}

/** The solvers of a predictor as candidates; their units become those of the new field's data. */
function givenSolvers(
  { predictor, file }: LoadedPredictor,
  { dim }: Field,
  range: SigmaRange,
  nfes: readonly number[],
): Map<number, TrainedCandidate> {
  const refuse = (what: string, remedy: string) =>
    new FewstepError('bad-argument', `--from ${file}: ${what}`, remedy);
  if (predictor.kind !== 'bespoke') {
    throw refuse(`it holds ${predictor.solver}`, 'give a predictor of --solver bespoke');
  }
  const { sigmaMin, sigmaMax } = predictor.range;
  if (sigmaMin !== range.sigmaMin || sigmaMax !== range.sigmaMax) {
    throw refuse(
      `it goes from sigma ${sigmaMax} to ${sigmaMin}`,
      `give --sigma-max ${sigmaMax} --sigma-min ${sigmaMin}`,
    );
  }
  return new Map(
    nfes.map((nfe) => {
      const schedule = predictor.schedules.find((candidate) => candidate.nfe === nfe);
      if (!schedule) {
        const learned = predictor.schedules.map((candidate) => candidate.nfe).join(', ');
        throw refuse(`it learned nothing for NFE ${nfe}`, `it learned for ${learned}: take one of them`);
      }
      // The mean is replaced before anything runs.
      const data = { mean: new Float32Array(dim), std: 1 };
      const form = formOf({ range, data }, schedule);
      return [nfe, { form, grid: `learned in ${basename(file)}`, numbers: schedule.numbers }];
    }),
  );
}
