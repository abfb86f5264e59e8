import { BESPOKE, type DistilledBespoke, distillBespoke } from '../../src/distill/bespoke/bespoke.js';
import { distillBespokeNet, NET_ITERATIONS } from '../../src/distill/bespoke/bespoke-net.js';
import { type DistilledSeveral, distillSeveral } from '../../src/distill/bespoke/bespoke-several.js';
import { chooseUniversal } from '../../src/distill/bespoke/universal-choice.js';
import { allIterations } from '../../src/distill/budget.js';
import { scoreOf } from '../../src/distill/score.js';
import { type DistillSettings, ROBUST } from '../../src/distill/settings.js';
import { FewstepError } from '../../src/errors.js';
import { bespokePlan } from '../../src/solver/bespoke.js';
import { type Context, measurePlan } from './context.js';
import type { Row } from './row.js';

const distilled = new WeakMap<Context, Map<number, Promise<DistilledBespoke>>>();

/** The bespoke solver of an NFE, which its network begins with too: distilled once. */
function bespokeOf(context: Context, nfe: number): Promise<DistilledBespoke> {
  const known = distilled.get(context) ?? new Map<number, Promise<DistilledBespoke>>();
  distilled.set(context, known);
  const one = known.get(nfe) ?? distil(context, nfe);
  known.set(nfe, one);
  return one;
}

/** Iterations that grow with those of the robust recipe. */
function inProportion({ iterations }: DistillSettings, usual: number): number {
  return Math.round((usual * iterations) / ROBUST.iterations);
}

async function distil(context: Context, nfe: number): Promise<DistilledBespoke> {
  const { gpu, field, settings, seed } = context;
  const { training, validation } = await context.pools();
  const lengths = {
    candidateIterations: inProportion(settings, BESPOKE.candidateIterations),
    iterations: inProportion(settings, BESPOKE.iterations),
  };
  const own = { ...BESPOKE, ...lengths, nfe, seed };
  return distillBespoke(gpu, field, own, { training, validation });
}

export async function bespokeRows(context: Context, nfe: number): Promise<Row[]> {
  const { gpu, field, exact, seed } = context;
  const { evaluations } = await context.pools();
  const { form, numbers, candidate, start, best, seconds } = await bespokeOf(context, nfe);
  const untrained = bespokePlan(candidate.form, candidate.numbers);
  return [
    {
      ...{ nfe, seed, kind: 'bespoke', solver: `bespoke (${form.formula}, ${form.start})`, afs: false },
      grid: `${candidate.form.formula}, ${candidate.form.start}, ${candidate.grid}`,
      ...(await measurePlan(context, bespokePlan(form, numbers))),
      untrained: await scoreOf(gpu, field, untrained, exact),
      ...{ base: start, start, best },
      seconds: seconds.search + seconds.candidates + seconds.table,
      teacherEvaluations: evaluations,
      answers: [...numbers],
    },
  ];
}

/** The table that comes with the package: nothing is learned here but which, and the mean and the spread of the data. */
export async function universalRows(context: Context, nfe: number): Promise<Row[]> {
  try {
    const { plan, kind, search } = await chooseUniversal(context.gpu, context.field, { nfe });
    const made = search ? [search, ...(search.comparison ? [search.comparison] : [])] : [];
    const teacherEvaluations = made.reduce((sum, each) => sum + each.evaluations * each.trajectories, 0);
    const identity = {
      nfe,
      seed: context.seed,
      kind: 'universal',
      solver: plan.solver,
      grid: kind,
      afs: false,
    };
    return [{ ...identity, ...(await measurePlan(context, plan)), teacherEvaluations }];
  } catch (error) {
    if (error instanceof FewstepError && error.code === 'unreachable-nfe') return [];
    throw error;
  }
}

/** Networks on top of the table; what the table alone comes to in as many evaluations; and which of them is chosen. */
export async function bespokeNetRows(context: Context, nfe: number): Promise<Row[]> {
  const { gpu, field, exact, settings, seed } = context;
  const { training, validation, evaluations } = await context.pools();
  const table = await bespokeOf(context, nfe);
  const { form, numbers } = table;
  const iterations = inProportion(settings, NET_ITERATIONS);
  const learned = await distillBespokeNet(
    gpu,
    field,
    table,
    { batch: BESPOKE.batch, seed },
    { training, validation, iterations },
  );
  const { net, helps, seconds } = learned;
  const before = Object.values(table.seconds).reduce((sum, each) => sum + each, 0);
  const common = {
    ...{ nfe, seed, afs: false, grid: `${form.formula}, ${form.start}` },
    untrained: await scoreOf(gpu, field, bespokePlan(form, numbers), exact),
    base: table.best,
    start: table.best,
    teacherEvaluations: evaluations,
  };
  const { predictor } = net;
  return [
    {
      ...{ ...common, kind: 'bespoke-net', solver: 'bespoke-net' },
      ...(await measurePlan(context, predictor.tangent.plan, { predictor })),
      best: net.best,
      seconds: before + seconds.net,
      answers: { helps },
    },
    {
      ...{ ...common, kind: 'bespoke-longer', solver: 'bespoke trained on as much' },
      ...(await measurePlan(context, bespokePlan(form, learned.table.numbers))),
      best: learned.table.score,
      seconds: before + seconds.table,
    },
  ];
}

const together = new WeakMap<Context, Promise<DistilledSeveral>>();

/** One conditioned solver for all NFE of a run: what is lost against separate ones. */
export async function severalRows(context: Context, nfe: number): Promise<Row[]> {
  const { gpu, field, settings, seed, counts } = context;
  const { training, validation, evaluations } = await context.pools();
  const { batch } = BESPOKE;
  // As many as each of separate solvers has in all.
  const iterations = inProportion(
    settings,
    allIterations(BESPOKE.candidates, BESPOKE.candidateIterations, BESPOKE.iterations),
  );
  const learning =
    together.get(context) ??
    distillSeveral(gpu, field, { nfe: counts, batch, iterations, seed }, { training, validation });
  together.set(context, learning);
  const { solvers, universal, seconds } = await learning;
  const { form, numbers, start, best } = solvers[counts.indexOf(nfe)];
  const identity = { nfe, seed, kind: 'bespoke-several', solver: 'bespoke for several NFE', afs: false };
  return [
    {
      ...{ ...identity, grid: `${form.formula}, gaussian${universal ? ', the universal tables' : ''}` },
      ...(await measurePlan(context, bespokePlan(form, numbers))),
      ...{ base: start, start, best, seconds, teacherEvaluations: evaluations },
    },
  ];
}
