import { type AnswerScales, answersOf, parametersOf } from '../../src/distill/learnable/answer-parameters.js';
import { type DistilledLearnable, distillLearnable } from '../../src/distill/learnable/distill-learnable.js';
import type { Learnable } from '../../src/distill/learnable/learnable.js';
import { searchedGrids } from '../../src/distill/learnable/start.js';
import { scoreOf } from '../../src/distill/score.js';
import { DEFAULT_RANGE } from '../../src/grid/grid.js';
import { type Direction, epdPlan, epdSteps } from '../../src/solver/epd.js';
import type { Plan } from '../../src/solver/plan.js';
import { type Context, measurePlan } from './context.js';
import type { Row } from './row.js';

/** Directions that a step may have. One would be the AMED-Solver. */
const DIRECTIONS = [2, 3, 4];

/**
 * EPD-Solver at really made evaluations: of two, three and four directions a step, those that make the NFE, and of these
 * the best on the validation trajectories. Learned for all trajectories by the recipe of AMED's tables.
 */
export async function epdRows(context: Context, nfe: number): Promise<Row[]> {
  const { gpu, field, exact, settings, seed } = context;
  const { evaluations } = await context.pools();
  const students: Student[] = [];
  for (const count of DIRECTIONS) {
    if (epdSteps(count, nfe)) students.push(await distil(context, nfe, count));
  }
  if (students.length === 0) return [];
  const chosen = students.reduce((least, each) => (each.best.score < least.best.score ? each : least));
  const { grid, count, parameters, untrained, base, start, best } = chosen;
  const plan = chosen.planOf(parameters);
  return [
    {
      ...{ nfe, seed, kind: 'epd', solver: plan.solver, grid: grid.name, afs: plan.afs },
      ...(await measurePlan(context, plan)),
      untrained: await scoreOf(gpu, field, untrained, exact),
      ...{ base, start, best },
      answers: directionsOf(parameters, count, settings),
      seconds: students.reduce((sum, { seconds: { search, training } }) => sum + search + training, 0),
      teacherEvaluations: evaluations,
    },
  ];
}

interface Student extends DistilledLearnable {
  count: number;
  planOf: (parameters: Float64Array) => Plan;
  untrained: Plan;
}

async function distil(context: Context, nfe: number, count: number): Promise<Student> {
  const { gpu, field, settings } = context;
  const { steps, afs } = epdSteps(count, nfe)!;
  const grids = searchedGrids(steps, DEFAULT_RANGE);
  const student: Learnable = {
    grids,
    plan: (times, parameters) => epdPlan(times, directionsOf(parameters, count, settings), { afs }),
    untrained: (many) => evenParameters(new Array<number>(many).fill(0.5), count),
    withR: (r) => evenParameters(r, count),
  };
  const learned = await distillLearnable(gpu, field, student, { settings, ...(await context.pools()) });
  const [{ times }] = grids;
  return {
    ...learned,
    count,
    planOf: (parameters) => student.plan(learned.grid.times, parameters),
    untrained: student.plan(times, student.untrained(steps)),
  };
}

/**
 * Directions from unbounded parameters: three for each direction, step by step, as for AMED's answers (`answersOf`), then
 * one for each direction whose softmax over a step is the weight.
 * @param count directions in a step
 */
export function directionsOf(parameters: Float64Array, count: number, scales: AnswerScales): Direction[][] {
  const all = parameters.length / 4;
  const answers = answersOf(parameters.subarray(0, 3 * all), scales);
  return Array.from({ length: all / count }, (_, step) => {
    const logits = parameters.subarray(3 * all + step * count, 3 * all + (step + 1) * count);
    const highest = Math.max(...logits);
    const shares = [...logits].map((logit) => Math.exp(logit - highest));
    const total = shares.reduce((sum, share) => sum + share, 0);
    return shares.map((share, k) => ({ ...answers[step * count + k], weight: share / total }));
  });
}

/**
 * Parameters of equal weights and no scales, with the directions of each step spread evenly over r and then moved by the
 * logit of the step's r: at 1/2 they stay, as one direction is where AMED's is.
 */
export function evenParameters(r: readonly number[], count: number): Float64Array {
  const all = r.length * count;
  const parameters = new Float64Array(4 * all);
  parameters.set(parametersOf(new Array<number>(all).fill(0.5)));
  for (const [step, own] of r.entries()) {
    for (let k = 0; k < count; k++) {
      const even = (k + 1) / (count + 1);
      parameters[3 * (step * count + k)] = Math.log(even / (1 - even)) + Math.log(own / (1 - own));
    }
  }
  return parameters;
}
