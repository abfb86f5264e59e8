import { FewstepError } from '../errors.js';
import { middleOf } from '../solver/amed.js';
import { type Evaluate, nfeOf, type Scalar } from '../solver/plan.js';
import { optionValue, parseSolver } from '../solver/registry.js';
import {
  type Predictor,
  predictedRun,
  type StoredNetwork,
  type TablePredictor,
  type TimesPredictor,
} from './predictor.js';

const SCHEDULE_SCHEMA = 'fewstep-schedule-1';

/** What was learned for all trajectories, in the words of a solver's formulas, for other libraries to read. */
export interface ExportedSchedules {
  schema: typeof SCHEDULE_SCHEMA;
  /** The solver as one writes it, its name, and all of its options. */
  solver: string;
  name: string;
  options: Record<string, unknown>;
  afs: boolean;
  /** What the numbers mean. */
  conventions: Record<string, string>;
  schedules: ExportedSchedule[];
}

/** What was learned for one NFE. */
export interface ExportedSchedule {
  /** Field evaluations per trajectory. */
  nfe: number;
  /** Name of the grid that the times are of, or that they began as. */
  grid: string;
  /** Decreasing sigma, [steps + 1]. */
  times: number[];
  /** Of an AMED solver, [steps]. */
  steps?: ExportedStep[];
  /** In order: the sigma that the field is told, and the one that (x - D) is divided by. */
  evaluations: { sigma: number; divisor: number }[];
}

/** What was learned for one step of an AMED solver: where in it to look, and what is scaled. */
export interface ExportedStep {
  /** Sigma at the beginning, where it is evaluated, and at the end: middle = to^r from^(1 - r). */
  from: number;
  middle: number;
  to: number;
  r: number;
  /** Factor of the direction. */
  direction: number;
  /** Factor of the sigma that the field is told at the middle. */
  time: number;
}

const CONVENTIONS = {
  space:
    'x is x/alpha-bar and times are sigma = beta-bar/alpha-bar, whatever process the model was trained on',
  field: 'D(x, sigma) is the denoised x; the velocity is d = (x - D(x, told)) / divisor',
  afs: 'with afs the first velocity is x / sqrt(1 + sigma^2), at no evaluation',
};

const MIDDLE =
  'middle = to^r from^(1 - r); there the field is told time * middle, and (x - D) is divided by middle';

const TWO_STAGE =
  'per step: d = velocity at from, x_m = x + (middle - from) d, d_m = velocity of x_m at middle';
const UPDATES: Record<string, string> = {
  amed: `${TWO_STAGE}, x <- x + direction (to - from) d_m`,
  'amed-dpm-solver-2': `${TWO_STAGE}, x <- x + direction (to - from) ((1 - 1/(2r)) d + d_m/(2r))`,
};
const PLUGIN =
  'the base solver on the grid with each middle between its from and to; in the update from middle to to, every term ' +
  'but the state is multiplied by direction';
const LEARNED_TIMES =
  'the solver as published, on times; in each evaluation the field is told sigma in place of the divisor, which is the time of the state';

/**
 * A table's or learned times' schedules as data for other libraries.
 * @param nfe the one to export; by default all
 * @throws FewstepError bad-argument for a network, whose answers differ from trajectory to trajectory, and for a
 *   bespoke solver, which only `tableOf` can write; unreachable-nfe where it did not learn for this NFE
 */
export function exportSchedules(predictor: Predictor, nfe?: number): ExportedSchedules {
  checkExportable(predictor);
  if (predictor.kind === 'bespoke') {
    throw new FewstepError(
      'bad-argument',
      'a bespoke solver has no formulas that schedules could be put into',
      'export its table of coefficients: tableOf its plan, or `fewstep export --form table`',
    );
  }
  const { solver, options } = parseSolver(predictor.solver);
  const { r: _, ...defaults } = solver.options;
  const usual = Object.fromEntries(Object.entries(defaults).map(([key, value]) => [key, optionValue(value)]));
  const chosen = nfe === undefined ? predictor.schedules.map((schedule) => schedule.nfe) : [nfe];
  return {
    schema: SCHEDULE_SCHEMA,
    solver: predictor.solver,
    name: solver.name,
    options: { ...usual, ...options },
    afs: predictor.afs,
    conventions:
      predictor.kind === 'times'
        ? { ...CONVENTIONS, update: LEARNED_TIMES }
        : { ...CONVENTIONS, middle: MIDDLE, update: UPDATES[solver.name] ?? PLUGIN },
    schedules: chosen.map((count) => exportedSchedule(predictor, count)),
  };
}

function exportedSchedule(predictor: TablePredictor | TimesPredictor, nfe: number): ExportedSchedule {
  const { plan } = predictedRun(predictor, nfe);
  const evaluations = plan.operations
    .filter((operation): operation is Evaluate => operation.kind === 'evaluate')
    .map(({ time, divisor }) => ({ sigma: number(time), divisor: number(divisor) }));
  const { grid, times, ...learned } = predictor.schedules.find((schedule) => schedule.nfe === nfe)!;
  const common = { nfe: nfeOf(plan), grid, times, evaluations };
  if (!('answers' in learned)) return common;
  const steps = learned.answers.map((answer, n) => {
    const [from, to] = [times[n], times[n + 1]];
    return { from, middle: middleOf(from, to, answer.r), to, ...answer };
  });
  return { ...common, steps };
}

/** @throws FewstepError bad-argument for a network, whose answers differ from trajectory to trajectory */
export function checkExportable(
  predictor: Predictor,
): asserts predictor is Exclude<Predictor, StoredNetwork> {
  const { kind, schedules } = predictor;
  const networks =
    kind === 'network' || schedules.some((schedule) => 'network' in schedule && schedule.network);
  if (!networks) return;
  throw new FewstepError(
    'bad-argument',
    'a network answers each trajectory differently: there is no one schedule to export',
    'export a table (an AMED solver distilled as a table, or bespoke without networks), or sample with the network',
  );
}

/** The plan of a table has no columns. */
function number(scalar: Scalar): number {
  if (typeof scalar === 'number') return scalar;
  throw new Error('a table has a time that differs from trajectory to trajectory');
}
