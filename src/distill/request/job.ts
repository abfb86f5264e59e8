import { checkEntries, shown } from '../../arguments.js';
import { checkBounds, whole } from '../../bounds.js';
import { FewstepError } from '../../errors.js';
import { timesSolver } from '../../predictor/predictor.js';
import type { AmedSolver } from '../../solver/amed.js';
import type { Solver } from '../../solver/define.js';
import { parseSolver } from '../../solver/registry.js';
import { checkBudget } from '../budget.js';
import type { BespokesRequest } from '../learned.js';
import type { NetworkRequest } from '../network/learn-network.js';
import { bespokesRequest } from './bespoke-request.js';
import type { Distillation, DistillationTeacher, EntryName, Spelling } from './distillation.js';
import type { StudentsRequest } from './students.js';
import { answerKindOf, networkRequest, tableRequest, timesRequest } from './students-request.js';

/** A distillation that is possible; nothing of it has run. */
export type Job =
  | JobOf<'bespoke', BespokesRequest>
  | JobOf<'table', StudentsRequest<AmedSolver>>
  | JobOf<'network', NetworkRequest>
  | JobOf<'times', StudentsRequest<Solver>>;

interface JobOf<Kind extends string, Request> {
  kind: Kind;
  /** As a file keeps it. */
  recipe: string;
  /** Whether it needs the field's gradient. */
  gradient: boolean;
  request: Request;
}

/**
 * What a distillation takes, the usual numbers included.
 * @throws FewstepError for one that cannot be: unknown-name, bad-argument (also for what does not apply to the solver,
 *   and for noise levels that the field does not know), bad-grid, unreachable-nfe, unreachable-budget
 */
export function jobOf(asked: Distillation, spelt: Spelling = (entry) => entry): Job {
  const { solver, teacher = {} } = asked;
  checkEntries<DistillationTeacher>("the distillation's teacher", teacher, {
    ...{ solver: false, nfe: false, grid: false, substeps: false },
  });
  // Sizes depend on both.
  if (teacher.nfe !== undefined) checkBounds("teacher's", { nfe: teacher.nfe }, { nfe: whole(1) });
  if (asked.budget !== undefined) checkBudget(asked.budget);
  const nfes = nfesOf(asked);
  const refuse = (foreign: Foreign, what = solver) => refuseForeign(asked, foreign, what, spelt);
  if (solver === 'bespoke' || solver === 'bespoke-net') {
    const networks = solver === 'bespoke-net';
    refuse({ ...foreignToBespoke(spelt), ...(!networks && OF_NETWORKS) });
    const request = bespokesRequest(asked, nfes, spelt);
    return { kind: 'bespoke', recipe: 'bespoke', gradient: networks, request };
  }
  if (!('planWith' in parseSolver(solver).solver)) {
    timesSolver(solver);
    refuse({ ...foreignToTimes(spelt), ...OF_BESPOKE });
    return { kind: 'times', recipe: 'times', gradient: false, request: timesRequest(asked, nfes, spelt) };
  }
  refuse(OF_BESPOKE);
  const { recipe = 'robust' } = asked;
  const kind = answerKindOf(asked, spelt);
  refuse(recipe === 'robust' ? foreignToRobust(spelt) : foreignToPublished(spelt), `the ${recipe} recipe`);
  if (kind === 'network') {
    const table = recipe === 'robust' ? `, or take ${spelt('kind')} table` : '';
    refuse({ budget: `give ${spelt('iterations')}${table}` }, 'a network');
  }
  if (kind === 'table') return { kind, recipe, gradient: false, request: tableRequest(asked, nfes, spelt) };
  return { kind, recipe, gradient: true, request: networkRequest(asked, recipe, nfes, spelt) };
}

function nfesOf({ nfe }: Distillation): number[] {
  const nfes: number[] = Array.isArray(nfe) ? [...nfe] : [nfe];
  const foreign = nfes.find((each) => !Number.isSafeInteger(each) || each < 1);
  if (foreign !== undefined)
    throw new FewstepError('bad-argument', `the NFE is ${shown(foreign)}`, 'give whole numbers from 1 on');
  if (nfes.length > 0 && new Set(nfes).size === nfes.length) return nfes;
  throw new FewstepError(
    'bad-argument',
    `the NFE are ${nfes.join(', ') || 'none'}`,
    'give one or more, each of them once',
  );
}

/** Entries that say nothing of what is distilled, each with what to do instead. */
type Foreign = { readonly [Entry in EntryName]?: string };

const foreignToBespoke = (spelt: Spelling): Foreign => ({
  afs: `which start is best is searched: ${spelt('starts')} afs allows that alone`,
  grid: 'all times are learned, and grids to begin with searched',
  recipe: 'there is one recipe',
  kind: 'bespoke is a table, and bespoke-net has networks on top of it',
  reads: 'networks of bespoke-net read states and evaluations',
  'teacher.substeps': `give ${spelt('teacher.nfe')}`,
  scaleDirection: 'all coefficients are learned',
  scaleTime: 'all times that the field is told are learned',
});

const foreignToTimes = (spelt: Spelling): Foreign => ({
  recipe: 'there is one recipe',
  kind: 'it is a list of times',
  reads: 'it has no network',
  'teacher.substeps': `give ${spelt('teacher.nfe')}`,
  scaleDirection: 'the solver stays as it was published, but for its times: AMED solvers have such a scale',
});

const foreignToRobust = (spelt: Spelling): Foreign => ({
  'teacher.substeps': `give ${spelt('teacher.nfe')}, or take the published recipe`,
});

const foreignToPublished = (spelt: Spelling): Foreign => {
  const instead = `give ${spelt('teacher.substeps')}: its teacher's times are the student's with more between them`;
  return { 'teacher.nfe': instead, 'teacher.grid': instead };
};

const OF_NETWORKS: Foreign = {
  netIterations: 'leave it out, or distil bespoke-net',
  netBatch: 'leave it out, or distil bespoke-net',
};

const OF_BESPOKE: Foreign = {
  ...Object.fromEntries(
    (['candidates', 'candidateIterations', 'formulas', 'starts', 'from'] as const).map((entry) => [
      entry,
      'leave it out, or distil bespoke',
    ]),
  ),
  ...OF_NETWORKS,
};

function refuseForeign(asked: Distillation, foreign: Foreign, what: string, spelt: Spelling): void {
  const { teacher = {}, ...rest } = asked;
  const own = Object.entries(teacher).map(([entry, value]) => [`teacher.${entry}`, value]);
  for (const [entry, value] of [...Object.entries(rest), ...own]) {
    const instead = foreign[entry as EntryName];
    if (value === undefined || instead === undefined) continue;
    throw new FewstepError('bad-argument', `${spelt(entry as EntryName)} does not apply to ${what}`, instead);
  }
}
