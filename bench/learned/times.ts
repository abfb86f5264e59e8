import { searchedGrids } from '../../src/distill/learnable/start.js';
import { type DistilledTimes, distillTimes, type TimesStudent } from '../../src/distill/learnable/times.js';
import { scoreOf } from '../../src/distill/score.js';
import { DEFAULT_RANGE } from '../../src/grid/grid.js';
import type { Plan } from '../../src/solver/plan.js';
import { reachesNfe, solverByName, stepsForNfe } from '../../src/solver/registry.js';
import { withToldTimes } from '../../src/solver/told-times.js';
import { type Context, measurePlan } from './context.js';
import type { Row } from './row.js';

/** What is told to the field: the times themselves, which any library can do, or what was learned besides. */
const KINDS = ['times', 'times-told'] as const;

/**
 * Solvers that learned nothing but their times (LD3, by our recipe), and those that learned what to tell the field as well:
 * with and without AFS, and of the two the better on the validation trajectories.
 */
export async function timesRows(context: Context, nfe: number, solvers: readonly string[]): Promise<Row[]> {
  const { gpu, field, exact, seed } = context;
  const { evaluations } = await context.pools();
  const rows: Row[] = [];
  for (const name of solvers) {
    for (const kind of KINDS) {
      const tried: Tried[] = [];
      for (const afs of [false, true]) {
        if (!reachesNfe(solverByName(name), nfe, { afs })) continue;
        tried.push(await distil(context, nfe, name, afs, kind));
      }
      if (tried.length === 0) continue;
      const { student, learned, plan } = tried.reduce((a, b) =>
        b.learned.best.score < a.learned.best.score ? b : a,
      );
      const { afs, solver, grids } = student;
      const { grid, times, told, base, start, best } = learned;
      rows.push({
        ...{ nfe, seed, kind, solver: name, grid, afs },
        ...(await measurePlan(context, plan)),
        untrained: await scoreOf(gpu, field, solver.plan(grids[0].times, { afs }), exact),
        ...{ base, start, best },
        answers: { times, told },
        seconds: tried.reduce((sum, { learned: { seconds } }) => sum + seconds.search + seconds.training, 0),
        teacherEvaluations: evaluations,
      });
    }
  }
  return rows;
}

interface Tried {
  student: TimesStudent;
  learned: DistilledTimes;
  plan: Plan;
}

async function distil(
  context: Context,
  nfe: number,
  name: string,
  afs: boolean,
  kind: (typeof KINDS)[number],
): Promise<Tried> {
  const solver = solverByName(name);
  const grids = searchedGrids(stepsForNfe(solver, nfe, { afs }), DEFAULT_RANGE);
  const student = { solver, afs, grids };
  const settings = { ...context.settings, ...(kind === 'times' && { scaleTime: 0 }) };
  const { training, validation } = await context.pools();
  const learned = await distillTimes(context.gpu, context.field, student, { settings, training, validation });
  const plan = solver.plan(learned.times, { afs });
  return { student, learned, plan: withToldTimes(plan, learned.told) };
}
