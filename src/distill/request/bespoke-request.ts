import { given, isObject, shown } from '../../arguments.js';
import { FewstepError, unknownName } from '../../errors.js';
import type { SigmaRange } from '../../grid/grid.js';
import { formOf } from '../../predictor/bespoke-predictor.js';
import { checkStored } from '../../predictor/predictor.js';
import { BESPOKE_FORMULAS, BESPOKE_STARTS, bespokeLayout } from '../../solver/bespoke.js';
import type { PlanFamily } from '../../solver/plan-family.js';
import { universalKindsOf } from '../../solver/universal.js';
import { BESPOKE } from '../bespoke/bespoke.js';
import { NET_BATCH, NET_ITERATIONS } from '../bespoke/bespoke-net.js';
import { type BespokeChoices, checkChoices, FEW_FORMULAS } from '../bespoke/bespoke-search.js';
import type { TrainedCandidate } from '../bespoke/bespoke-starts.js';
import type { Budget } from '../budget.js';
import type { BespokesRequest } from '../learned.js';
import { checkSettings, ROBUST } from '../settings.js';
import type { Distillation, GivenPredictor, Spelling } from './distillation.js';
import {
  BESPOKE_CHOICES,
  checkAffordable,
  largestFamily,
  largestOf,
  leastEvaluations,
  sizesWithin,
  unknownData,
} from './needed-evaluations.js';
import { checkBudgetOf, rangeFor, settingsOf, teacherOf } from './students.js';

/**
 * Iterations for which batches become smaller. On ring, mixture-64 and the networks of two moons and of digits (NFE 3 and 5,
 * two seeds) batches of 8 ended 0.82, 0.86 and 0.94 times as far off by mean as those of 32 with 50,000, 100,000 and 200,000
 * evaluations, those of 16 0.90 times with 400,000. Without a budget, at equal evaluations, they gain nothing.
 */
const ENOUGH = 100;

/**
 * Evaluations from which all formulas are compared, and not a few. With a few, errors by mean were 0.87 to 1.02 times those
 * with all from 50,000 (digits network at NFE 7: 0.65), 0.89 to 1.10 from 100,000, 0.83 to 1.00 from 200,000, 0.91 to 1.00
 * from 400,000 and 0.96 to 1.20 from 800,000 (three to five fields; geometric means over NFE 3, 5 and 7 and three seeds).
 */
const ALL_FORMULAS = 500_000;

/** A distillation of bespoke solvers, with networks or without. @throws FewstepError as `jobOf` */
export function bespokesRequest(
  asked: Distillation,
  nfes: readonly number[],
  spelt: Spelling,
): BespokesRequest {
  const { field, solver, starts, budget, from } = asked;
  const choicesWith = (own: Budget | undefined): BespokeChoices =>
    given({ formulas: asked.formulas ?? (isSmall(own) ? FEW_FORMULAS : undefined), starts });
  const choices = choicesWith(budget);
  checkForms(choices, nfes);
  const range = rangeFor(field, undefined, asked.range);
  const teacherNfe = asked.teacher?.nfe ?? ROBUST.teacher.nfe;
  const { seed, batch, iterations } = BESPOKE;
  // Each takes 10 to 77 ms to find.
  const families = new Map<string, PlanFamily>();
  const familyAt = (nfe: number, own: BespokeChoices) => {
    const key = `${nfe} ${own.formulas}`;
    const family = families.get(key) ?? largestFamily({ ...own, range, nfe });
    families.set(key, family);
    return family;
  };
  const teaching = { enough: ENOUGH, students: nfes.length, teacherNfe };
  const settingsWith = (own: Budget | undefined) => {
    const largest = () => familyAt(Math.max(...nfes), choicesWith(own));
    const sizes = sizesWithin(own, { largest, ...teaching }, { ...ROBUST, batch });
    return settingsOf(asked, { ...ROBUST, seed, iterations, ...sizes });
  };
  const settings = settingsWith(budget);
  checkBudgetOf(asked, settings.batch, spelt);
  const { candidates = BESPOKE.candidates, candidateIterations = BESPOKE.candidateIterations } = asked;
  const { netIterations = NET_ITERATIONS, netBatch = NET_BATCH } = asked;
  checkWholes({ candidates, netBatch }, 1);
  checkWholes({ candidateIterations, netIterations }, 0);
  const networks = solver === 'bespoke-net';
  if (networks) checkSettings({ ...settings, batch: netBatch });
  if (budget !== undefined) {
    const leastOf = (amount: number) => {
      const own = { ...budget, amount };
      const [settings, choices] = [settingsWith(own), choicesWith(own)];
      const tables = universalKindsOf(field).length;
      const wanted = { range, data: unknownData(range), tables, ...choices };
      return largestOf(
        nfes.map((nfe) => leastEvaluations({ ...wanted, nfe }, settings, familyAt(nfe, choices))),
      );
    };
    checkAffordable(budget, leastOf, BESPOKE_CHOICES);
  }
  return {
    ...{ field, nfes, range, settings, choices },
    teacher: teacherOf(field, settings, range, nfes, spelt),
    training: {
      ...{ range, candidates, candidateIterations, seed: settings.seed },
      ...{ batch: settings.batch, iterations: settings.iterations, ...(budget && { budget: { ...budget } }) },
    },
    ...(networks && { netIterations, netBatch }),
    ...(from !== undefined && { given: givenSolvers(from, field.dim, range, nfes, spelt) }),
  };
}

/** Whether a search over all formulas would take more of a budget than it gains. */
function isSmall(budget: Budget | undefined): boolean {
  return budget?.unit === 'evaluations' && budget.amount < ALL_FORMULAS;
}

function checkForms(choices: BespokeChoices, nfes: readonly number[]): void {
  checkChoices(choices);
  const { formulas = BESPOKE_FORMULAS, starts = BESPOKE_STARTS } = choices;
  checkNames('formula', formulas, BESPOKE_FORMULAS);
  checkNames('start', starts, BESPOKE_STARTS);
  for (const nfe of nfes) bespokeLayout({ formula: formulas[0], start: starts[0], nfe });
}

function checkNames(what: string, names: readonly string[], known: readonly string[]): void {
  if (!Array.isArray(names))
    throw new FewstepError(
      'bad-argument',
      `the ${what}s are ${shown(names)}`,
      `list some of ${known.join(', ')}`,
    );
  const foreign = names.find((name) => !known.includes(name));
  if (foreign !== undefined) throw unknownName(what, String(foreign), known);
}

function checkWholes(values: Record<string, number>, least: number): void {
  for (const [name, value] of Object.entries(values)) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    throw new FewstepError(
      'bad-argument',
      `the distillation's ${name} is ${value}`,
      `give a whole number from ${least} on`,
    );
  }
}

/** The solvers of a predictor as candidates; their units become those of the new field's data. */
function givenSolvers(
  from: GivenPredictor,
  dim: number,
  range: SigmaRange,
  nfes: readonly number[],
  spelt: Spelling,
): Map<number, TrainedCandidate> {
  checkStored(isObject(from) ? from.predictor : from);
  const { predictor, name } = from;
  const refuse = (what: string, remedy: string) =>
    new FewstepError('bad-argument', `${spelt('from')}${name ? ` ${name}` : ''}: ${what}`, remedy);
  if (predictor.kind !== 'bespoke') {
    throw refuse(`it holds ${predictor.solver}`, 'give a predictor of bespoke solvers');
  }
  const { sigmaMin, sigmaMax } = predictor.range;
  if (sigmaMin !== range.sigmaMin || sigmaMax !== range.sigmaMax) {
    throw refuse(
      `it goes from sigma ${sigmaMax} to ${sigmaMin}`,
      `give ${spelt('range.sigmaMax')} ${sigmaMax} ${spelt('range.sigmaMin')} ${sigmaMin}`,
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
      return [nfe, { form, grid: `learned ${name ? `in ${name}` : 'elsewhere'}`, numbers: schedule.numbers }];
    }),
  );
}
