import * as v from 'valibot';
import { FewstepError } from '../errors.js';
import { checkTimes } from '../grid/grid.js';
import { PlanBuilder } from './builder.js';
import { parseOptions, type Solver, type SolverSettings, spell } from './define.js';
import { deis } from './deis.js';
import { dpmpp2m, dpmpp3m } from './dpmpp.js';
import { euler } from './euler.js';
import { ipndm } from './ipndm.js';
import { type Operation, type Plan, stepsOf } from './plan.js';
import { unipc } from './unipc.js';

/** What a predictor answers for one step, from t_c to t_n (AMED-Solver, arXiv 2312.00094). */
export interface Answer {
  /** Where in the step to look, s_n: t_m = t_n^r t_c^(1 - r), r in (0, 1). */
  r: number;
  /** Scale of the direction: c. */
  direction: number;
  /** Scale of the time that the field is told at t_m: a. */
  time: number;
}

/**
 * How the weights of updates follow from times: 'single', the AMED-Solver's one direction; 'double', DPM-Solver-2's
 * two; the others those of the multistep solver that they are called after.
 */
export type AmedFormula = 'single' | 'double' | 'ipndm' | 'dpmpp' | 'deis' | 'unipc';

/** A solver that asks a predictor in each step: without one it looks at the same r everywhere. */
export interface AmedSolver extends Solver {
  /** The solver whose coefficients it uses, where it is a plugin. */
  readonly base?: string;
  readonly formula: AmedFormula;
  /** Whether its steps use nothing of those before. */
  readonly singleStep: boolean;
  /**
   * The plan for these answers, one a step of the grid.
   * @throws FewstepError bad-argument for answers that are not one a step with r in (0, 1), bad-grid
   */
  planWith(times: readonly number[], answers: readonly Answer[], settings?: SolverSettings): Plan;
}

type Entries = Record<string, v.GenericSchema<unknown, unknown>>;

interface Definition<E extends v.ObjectEntries> {
  name: string;
  summary: string;
  order: number;
  base?: string;
  formula: AmedFormula;
  singleStep?: boolean;
  options: E;
  write(times: readonly number[], answers: readonly Answer[], afs: boolean, options: Options<E>): Plan;
}
type Options<E extends v.ObjectEntries> = v.InferOutput<v.StrictObjectSchema<E, undefined>>;

const share = v.pipe(
  v.number('must be a number'),
  v.check((r) => r > 0 && r < 1, 'must be in (0, 1)'),
);

function defineAmed<E extends v.ObjectEntries>(definition: Definition<E>): AmedSolver {
  const { name, summary, order, base, formula, singleStep = false } = definition;
  const schema = v.strictObject({ ...definition.options, r: v.optional(share, 0.5) } as Entries);
  const defaults = v.parse(schema, {}) as Record<string, unknown>;
  const planWith: AmedSolver['planWith'] = (times, answers, { afs = false, options = {} } = {}) => {
    checkTimes(times);
    checkAnswers(name, times, answers);
    const parsed = parseOptions(name, schema, options) as Record<string, unknown>;
    const plan = definition.write(times, answers, afs, parsed as Options<E>);
    return { ...plan, solver: spell(name, parsed, defaults) };
  };
  return {
    name,
    summary,
    order,
    base,
    formula,
    singleStep,
    options: Object.fromEntries(Object.entries(defaults).map(([key, value]) => [key, String(value)])),
    planWith,
    plan(times, settings = {}) {
      const { r } = parseOptions(name, schema, settings.options ?? {}) as { r: number };
      return planWith(times, fixedAnswers(times, r), settings);
    },
  };
}

/**
 * The same r in every step, and nothing scaled: what a plugin's own solver does on that grid.
 * @param times of the grid; there is one answer fewer
 * @param r in (0, 1), which `planWith` checks
 */
export function fixedAnswers(times: readonly number[], r = 0.5): Answer[] {
  return times.slice(1).map(() => ({ r, direction: 1, time: 1 }));
}

/** t_m of a step. */
export function middleOf(current: number, next: number, r: number): number {
  return next ** r * current ** (1 - r);
}

function checkAnswers(name: string, times: readonly number[], answers: readonly Answer[]): void {
  const steps = times.length - 1;
  const remedy = 'give the answers of a predictor that was trained for this many steps';
  if (answers.length !== steps) {
    throw new FewstepError('bad-argument', `${name}: ${answers.length} answers for ${steps} steps`, remedy);
  }
  const bad = answers.findIndex(
    ({ r, direction, time }) =>
      !(r > 0 && r < 1 && Number.isFinite(direction) && time > 0 && time < Infinity),
  );
  if (bad < 0) return;
  const { r, direction, time } = answers[bad];
  throw new FewstepError(
    'bad-argument',
    `${name}: the answer for step ${bad + 1} is r = ${r}, direction ${direction}, time ${time}`,
    'r lies in (0, 1), the scale of the time is positive, that of the direction finite',
  );
}

/** The AMED-Solver: x' = x + c h d_m, one direction for the whole step. */
const amed = defineAmed({
  name: 'amed',
  summary: 'AMED-Solver: the direction at a learned time s_n carries the whole step (arXiv 2312.00094)',
  order: 2,
  formula: 'single',
  singleStep: true,
  options: {},
  write: (times, answers, afs) =>
    twoStage(times, answers, afs, (b, x, h, { direction }, _, middle) =>
      b.combine([1, x], [direction * h, middle]),
    ),
});

const amedDpmSolver2 = defineAmed({
  name: 'amed-dpm-solver-2',
  summary: 'AMED-Plugin on DPM-Solver-2: both directions of a step, the middle one at a learned time',
  order: 2,
  base: 'dpm-solver-2',
  formula: 'double',
  singleStep: true,
  options: {},
  write: (times, answers, afs) =>
    twoStage(times, answers, afs, (b, x, h, { r, direction }, first, middle) =>
      b.combine([1, x], [direction * h * (1 - 1 / (2 * r)), first], [(direction * h) / (2 * r), middle]),
    ),
});

/** Writes a solver whose steps evaluate at t_c and at t_m. */
function twoStage(
  times: readonly number[],
  answers: readonly Answer[],
  afs: boolean,
  update: (b: PlanBuilder, x: number, h: number, answer: Answer, first: number, middle: number) => number,
): Plan {
  const b = new PlanBuilder(times, afs, true);
  let x = b.start;
  for (const [i, answer] of answers.entries()) {
    const [current, next] = [times[i], times[i + 1]];
    const middle = middleOf(current, next, answer.r);
    const first = b.velocity(x, current);
    const predicted = b.eulerAt(x, first, { start: current, at: middle });
    x = b.reach(
      update(b, x, next - current, answer, first, b.velocity(predicted, answer.time * middle, middle)),
    );
  }
  return b.finish('');
}

/**
 * AMED-Plugin (arXiv 2312.00094, section 3.4): a multistep solver on the grid with each step's learned time put into
 * it. The direction's scale multiplies what the field contributes to the second update of a step, that of the time
 * what the field is told at t_m.
 */
function plugin(solver: Solver, times: readonly number[], answers: readonly Answer[], afs: boolean): Plan {
  const middles = answers.map(({ r }, i) => middleOf(times[i], times[i + 1], r));
  const doubled = times.flatMap((time, i) => (i < middles.length ? [time, middles[i]] : [time]));
  const plan = solver.plan(doubled, { afs });
  const steps = stepsOf(plan);
  const operations = plan.operations.map((operation, i): Operation => {
    const answer = answers[Math.floor(steps[i] / 2)];
    if (operation.kind === 'evaluate') {
      const step = middles.indexOf(operation.time as number);
      return step < 0 ? operation : { ...operation, time: answers[step].time * middles[step] };
    }
    if (operation.kind !== 'combine' || steps[i] % 2 === 0) return operation;
    // The first term is the state.
    const [state, ...contributions] = operation.terms;
    const scaled = contributions.map(({ coefficient, slot }) => ({
      coefficient: answer.direction * (coefficient as number),
      slot,
    }));
    return { ...operation, terms: [state, ...scaled] };
  });
  return { ...plan, operations };
}

const amedEuler = defineAmed({
  name: 'amed-euler',
  summary: 'AMED-Plugin on Euler: two Euler steps, with a learned time between them',
  order: 1,
  base: 'euler',
  formula: 'ipndm',
  singleStep: true,
  options: {},
  write: (times, answers, afs) => plugin(euler, times, answers, afs),
});

const amedDpmpp = [dpmpp2m, dpmpp3m].map((solver) =>
  defineAmed({
    name: `amed-${solver.name}`,
    summary: `AMED-Plugin on ${solver.name}, data prediction`,
    order: 2,
    base: solver.name,
    formula: 'dpmpp',
    options: {},
    write: (times, answers, afs) => plugin(solver, times, answers, afs),
  }),
);

/** A plugin on a family of solvers whose option `order` chooses among them. */
function familyPlugin(
  name: 'ipndm' | 'deis' | 'unipc',
  summary: string,
  family: readonly Solver[],
  usual: number,
  order: number,
) {
  const orders = family.map((solver) => Number(/\d+$/.exec(solver.name)![0]));
  return defineAmed({
    name: `amed-${name}`,
    summary,
    order,
    base: `${name}-${usual}`,
    formula: name,
    options: { order: v.optional(v.picklist(orders, `must be one of ${orders.join(', ')}`), usual) },
    write: (times, answers, afs, options) =>
      plugin(family[orders.indexOf(options.order as number)], times, answers, afs),
  });
}

/** Every solver that takes a predictor, in the order in which tables show them. */
export const amedSolvers: readonly AmedSolver[] = [
  amed,
  amedEuler,
  amedDpmSolver2,
  familyPlugin('ipndm', 'AMED-Plugin on iPNDM, up to `order` velocities', ipndm, 4, 2),
  ...amedDpmpp,
  familyPlugin('deis', 'AMED-Plugin on DEIS-tAB, `order` evaluations in use', deis, 3, 3),
  familyPlugin('unipc', 'AMED-Plugin on UniPC, data prediction', unipc, 2, 2),
];
