import { allIterations } from '../src/distill/budget.js';
import { searchedGrids } from '../src/distill/learnable/start.js';
import {
  amedSolver,
  BESPOKE,
  bespokePlan,
  DEFAULT_RANGE,
  distillBespoke,
  distillTable,
  distillTimes,
  type Field,
  type Gpu,
  type Plan,
  type PlanRequest,
  parseSolver,
  ROBUST,
  type Score,
  type Solver,
  stepsForNfe,
  type TeacherPool,
  withToldTimes,
} from '../src/index.js';

/** How far a stage of a learning has come. */
export interface Step {
  done: number;
  of: number;
  /** What is counted, in the singular. */
  unit: string;
  /** On the validation trajectories, where a state was validated. */
  score?: Score;
}

/** A solver to be learned for a field at an NFE. */
export interface Lesson {
  gpu: Gpu;
  field: Field;
  nfe: number;
  training: TeacherPool;
  validation: TeacherPool;
  /** @param stage index in the method's `stages` */
  report(stage: number, step?: Step): void;
  /** Ends it with what is learned; before anything is, it rejects. */
  finish: AbortSignal;
}

/** A solver that learns, and how. */
export interface Method {
  name: string;
  /** What of it is learned, for the list. */
  learns: string;
  /** What it is while nothing has been learned, for a title. */
  before: string;
  untrained(nfe: number): PlanRequest;
  /** What follows the teacher's run. */
  stages: readonly string[];
  /** A plan, and its score on the validation trajectories: the less the better. */
  learn(lesson: Lesson): Promise<{ plan: Plan; score: number }>;
}

/** Less than half of the starts and a third of the iterations of `fewstep distill`. */
const SHORT = { ...BESPOKE, candidates: 6, candidateIterations: 8, iterations: 60 };
/** Half of its iterations. */
const SETTINGS = { ...ROBUST, iterations: 120 };
const AMED = 'amed-ipndm';
const TIMES = 'unipc-2';

const bespoke: Method = {
  name: 'bespoke',
  learns: 'every number',
  before: 'a universal table',
  untrained: (nfe) => ({ solver: 'bespoke', nfe }),
  stages: ['comparing formulas and starts', 'training the best few', 'training the best'],
  async learn({ gpu, field, nfe, report, ...given }) {
    const choosing = allIterations(SHORT.candidates, SHORT.candidateIterations, 0);
    let done = 0;
    let score: Score | undefined;
    const { form, numbers, best } = await distillBespoke(
      gpu,
      field,
      { ...SHORT, nfe },
      {
        ...given,
        onSearch: (searched, of) => report(0, { done: searched, of, unit: 'formula' }),
        onTraining(stage) {
          if (stage === 'table') score = undefined;
        },
        onRecord(stage, { iteration, validation }) {
          score = validation ?? score;
          if (stage === 'candidates') report(1, { done: ++done, of: choosing, unit: 'iteration' });
          else report(2, { done: iteration, of: SHORT.iterations, unit: 'iteration', score });
        },
      },
    );
    return { plan: bespokePlan(form, numbers), score: best.score };
  },
};

const LEARNABLE_STAGES = ['comparing grids', 'training'];

/** Both kinds of the robust recipe report alike. */
function reporting({ report, ...given }: Omit<Lesson, 'gpu' | 'field' | 'nfe'>) {
  const trained = { of: SETTINGS.iterations, unit: 'iteration' };
  let score: Score | undefined;
  report(0);
  return {
    ...given,
    settings: SETTINGS,
    onStart: () => report(1, { done: 0, ...trained }),
    onRecord({ iteration, validation }: { iteration: number; validation?: Score }) {
      score = validation ?? score;
      report(1, { done: iteration, ...trained, score });
    },
  };
}

/** Two evaluations a step: odd numbers of them need the analytical first step. */
const afsOf = (nfe: number) => nfe % 2 === 1;
const gridsOf = (solver: Solver, nfe: number, afs: boolean) =>
  searchedGrids(stepsForNfe(solver, nfe, { afs }), DEFAULT_RANGE);

const amed: Method = {
  name: 'AMED-iPNDM',
  learns: 'midpoints',
  before: 'untrained',
  untrained: (nfe) => ({ solver: AMED, nfe, afs: afsOf(nfe) }),
  stages: LEARNABLE_STAGES,
  async learn({ gpu, field, nfe, ...rest }) {
    const { solver } = amedSolver(AMED);
    const afs = afsOf(nfe);
    const student = { solver, afs, grids: gridsOf(solver, nfe, afs) };
    const { times, answers, best } = await distillTable(gpu, field, student, reporting(rest));
    return { plan: solver.planWith(times, answers, { afs }), score: best.score };
  },
};

const times: Method = {
  name: TIMES,
  learns: 'its times',
  before: 'its usual times',
  untrained: (nfe) => ({ solver: TIMES, nfe }),
  stages: LEARNABLE_STAGES,
  async learn({ gpu, field, nfe, ...rest }) {
    const { solver } = parseSolver(TIMES);
    const student = { solver, afs: false, grids: gridsOf(solver, nfe, false) };
    const learned = await distillTimes(gpu, field, student, reporting(rest));
    return { plan: withToldTimes(solver.plan(learned.times), learned.told), score: learned.best.score };
  },
};

/** What the page can learn, as it lists it. */
export const methods: Record<string, Method> = { bespoke, amed, times };
