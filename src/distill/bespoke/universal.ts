import { FewstepError } from '../../errors.js';
import type { Field } from '../../field/field.js';
import type { Gpu } from '../../gpu/gpu.js';
import { DEFAULT_RANGE, parseGrid } from '../../grid/grid.js';
import { random } from '../../rng/random.js';
import {
  type BespokeForm,
  bespokeLayout,
  bespokePlan,
  extendedNumbers,
  plainNumbers,
  rememberedWeights,
} from '../../solver/bespoke.js';
import { numbersFrom, trainedFrom, unitsOf } from '../../solver/bespoke-family.js';
import { type PlanFamily, planFamily } from '../../solver/plan-family.js';
import { placed, type UniversalTable, unitForm } from '../../solver/universal.js';
import { dataFigures } from '../data-figures.js';
import { partOf, type TeacherPool } from '../pool.js';
import { scoreOf, typicalError, unlessDiverged } from '../score.js';
import { type SharedTask, trainShared } from '../training/shared-training.js';

/** A formula, and numbers in units of the data. */
type Start = Pick<UniversalTable, 'formula' | 'numbers'>;

/** One of the fields that a universal table is trained over. */
export interface UniversalField {
  field: Field;
  training: TeacherPool;
  validation: TeacherPool;
}

export interface UniversalSettings {
  nfe: number;
  formulas: readonly string[];
  /** Trajectories of each field in a batch. */
  batch: number;
  /** Fields in an iteration. */
  fields: number;
  candidateIterations: number;
  iterations: number;
  /** Short steps where a few trajectories that end elsewhere make most of the gradient, and that of each batch another. */
  short?: boolean;
  seed: number;
  /** A table that stands beside the starts of the search. */
  given?: Start;
  /** One of an evaluation fewer, which with another near its end stands beside them too. */
  shorter?: Start;
  onRecord?: (iteration: number, score: number) => void;
}

const VALIDATE_EVERY = 10;
/** First times in standard deviations of the data, and grids, that the search for a start tries. */
const FIRST_TIMES = [2.5, 4, 7, 12, 20];
const GRIDS = ['polynomial:3', 'polynomial:5', 'polynomial:7', 'logsnr'];
/** Where a shorter table is evaluated once more, in standard deviations: the best of those within its last step. */
const FURTHER_TIMES = [0.01, 0.03, 0.1, 0.3];
const SEARCH_TRAJECTORIES = 192;
const SHORT = { longest: 0.02, damping: 4 };

/**
 * Trains one bespoke table over several fields, in units of each field's mean and standard deviation: the mean over the
 * fields of the logarithmic loss, which does not care how hard a field is. Of all states validated the best.
 * @throws FewstepError bad-grid where the data of a field are too narrow for any start
 */
export async function distillUniversal(
  gpu: Gpu,
  fields: readonly UniversalField[],
  settings: UniversalSettings,
): Promise<Start & { score: number; start: number }> {
  const { nfe } = settings;
  const tasks = fields.map((each) => ({ ...each, data: figuresOf(each.training) }));
  const formFor = (formula: string, data: BespokeForm['data']): BespokeForm => ({
    ...unitForm(formula, nfe),
    range: DEFAULT_RANGE,
    data,
  });
  const sumOver = async (formula: string, unit: Float64Array, count?: number) => {
    let sum = 0;
    for (const { field, data, validation } of tasks) {
      const form = formFor(formula, data);
      const pool = count ? partOf(validation, 0, count) : validation;
      sum += (await scoreOf(gpu, field, bespokePlan(form, placed(form, unit)), pool)).score;
    }
    return sum / tasks.length;
  };
  /** Infinite where it diverges on a field, or the data of one are so narrow that its last times fall below sigma_min. */
  const scoreAll = async (...of: Parameters<typeof sumOver>) =>
    (await unlessDiverged(() => sumOver(...of))) ?? Infinity;

  const starts: { formula: string; unit: Float64Array; score: number }[] = [];
  for (const formula of settings.formulas) {
    const form = unitForm(formula, nfe);
    let best: (typeof starts)[number] | undefined;
    for (const first of FIRST_TIMES) {
      for (const grid of GRIDS) {
        const times = parseGrid(grid).times(nfe, { ...form.range, sigmaMax: first });
        const unit = plainNumbers(form, times);
        const score = await scoreAll(formula, unit, SEARCH_TRAJECTORIES);
        if (!best || score < best.score) best = { formula, unit, score };
      }
    }
    starts.push({ ...best!, score: await scoreAll(formula, best!.unit) });
  }

  const { given, shorter } = settings;
  if (given) {
    const unit = Float64Array.from(given.numbers);
    starts.push({ formula: given.formula, unit, score: await scoreAll(given.formula, unit) });
  }
  if (shorter) {
    const further: typeof starts = [];
    for (const { formula, unit } of furtherEvaluated(shorter, nfe))
      further.push({ formula, unit, score: await scoreAll(formula, unit) });
    starts.push(...further.sort((a, b) => a.score - b.score).slice(0, 1));
  }

  const possible = starts.filter(({ score }) => score < Infinity);
  if (possible.length === 0) {
    throw new FewstepError(
      'bad-grid',
      `no start of ${nfe} evaluations has its times above sigma_min ${DEFAULT_RANGE.sigmaMin} on all fields`,
      'leave out the fields whose data spread least',
    );
  }
  const train = async (start: (typeof starts)[number], iterations: number) => {
    const { formula } = start;
    const unit = unitForm(formula, nfe);
    const shared: SharedTask[] = [];
    for (const { field, data, training, validation } of tasks) {
      const form = formFor(formula, data);
      const score = await scoreOf(gpu, field, bespokePlan(form, placed(form, start.unit)), validation);
      shared.push({ field, family: placedFamily(form, unit), training, reference: typicalError(score) });
    }
    const parameters = trainedFrom(unit, start.unit);
    const best = await trainShared(
      gpu,
      shared,
      { parameters, score: start.score },
      {
        batch: settings.batch,
        tasks: settings.fields,
        iterations,
        units: unitsOf(unit),
        ...(settings.short && SHORT),
        seed: settings.seed,
        validateEvery: VALIDATE_EVERY,
        validate: (state) => scoreAll(formula, numbersFrom(unit, state)),
        onRecord: settings.onRecord,
      },
    );
    return { formula, unit: numbersFrom(unit, best.parameters), score: best.score };
  };
  const leastOf = (each: typeof starts) => each.reduce((a, b) => (b.score < a.score ? b : a));
  const first = leastOf(possible);
  const candidates: typeof starts = [];
  for (const start of possible) candidates.push(await train(start, settings.candidateIterations));
  const best = await train(leastOf(candidates), settings.iterations);
  return { formula: best.formula, numbers: [...best.unit], score: best.score, start: first.score };
}

/** A table of one evaluation fewer, evaluated once more at each time that its last step passes. */
function furtherEvaluated(
  { formula, numbers }: Start,
  nfe: number,
): { formula: string; unit: Float64Array }[] {
  const form = unitForm(formula, nfe - 1);
  const unit = Float64Array.from(numbers);
  const last = Math.exp(unit[bespokeLayout(form).steps - 1]);
  const times = FURTHER_TIMES.filter((time) => time > form.range.sigmaMin && time < last);
  return times.map((time) => ({ formula, unit: extendedNumbers(form, unit, time) }));
}

function figuresOf(pool: TeacherPool): BespokeForm['data'] {
  const { mean, std } = dataFigures(pool);
  return { mean: [...mean], std };
}

/** The plans of a field as a function of what is trained in units of the data. */
function placedFamily(form: BespokeForm, unit: BespokeForm): PlanFamily {
  const weights = rememberedWeights();
  const source = random(1, 3);
  const { steps } = bespokeLayout(unit);
  const probe = () => {
    const trained = trainedFrom(
      unit,
      plainNumbers(unit, parseGrid('polynomial:5').times(steps, { ...unit.range, sigmaMax: 8 })),
    );
    return trained.map((value) => value + source.between(-0.2, 0.2));
  };
  return planFamily(
    (trained) => bespokePlan(form, placed(form, numbersFrom(unit, trained)), weights),
    [probe(), probe()],
  );
}
