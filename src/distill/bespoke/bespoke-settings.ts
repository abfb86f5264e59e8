import { checkEntries, type Entries, optional, shown } from '../../arguments.js';
import { FewstepError } from '../../errors.js';
import { rangeFrom } from '../../grid/grid.js';
import { checkBudget, checkIterations } from '../budget.js';
import { checkSome } from '../settings.js';
import type { BespokeSettings } from './bespoke.js';

const ENTRIES: Entries<BespokeSettings> = {
  nfe: true,
  range: false,
  batch: true,
  candidates: true,
  candidateIterations: true,
  iterations: true,
  budget: false,
  seed: true,
};

/**
 * The NFE and the form are looked at where solvers are made of them.
 * @throws FewstepError bad-argument naming the entry, unknown-name for the unit of a budget
 */
export function checkBespokeSettings(settings: BespokeSettings): void {
  checkEntries("distillBespoke's settings", settings, ENTRIES);
  const { range, batch, candidates, candidateIterations, iterations, budget, seed } = settings;
  rangeFrom(range);
  checkSome({ batch, iterations, seed }, ['batch', 'iterations', 'seed']);
  for (const [name, value, least] of [
    ['candidates', candidates, 1],
    ['candidateIterations', candidateIterations, 0],
  ] as const) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    throw new FewstepError(
      'bad-argument',
      `the distillation's ${name} is ${shown(value)}`,
      `give a whole number from ${least} on`,
    );
  }
  if (budget === undefined) return;
  checkBudget(budget);
  checkIterations(budget, batch);
}

/** The same of what networks on top of a table read of them; the others may be there too. */
export function checkNetSettings(settings: Pick<BespokeSettings, 'batch' | 'seed'>): void {
  checkEntries<Partial<BespokeSettings>>(
    "distillBespokeNet's settings",
    settings,
    optional<BespokeSettings>(ENTRIES),
  );
  const { batch, seed } = settings;
  checkSome({ batch, seed }, ['batch', 'seed']);
}
