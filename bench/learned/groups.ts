import { amedSolvers } from '../../src/solver/amed.js';
import { conditionedRows, fixedRows, networkRows, publishedRows, tableRows } from './amed.js';
import { bespokeNetRows, bespokeRows, severalRows, universalRows } from './bespoke.js';
import { budgetRows } from './budgets.js';
import type { Context } from './context.js';
import { epdRows } from './epd.js';
import { gitsRows } from './gits.js';
import { plainRows } from './plain.js';
import type { Row } from './row.js';
import { timesRows } from './times.js';

/** Which solvers learn in which way: AMED's, and those of `times` that learned nothing. */
export interface Choice {
  tables: readonly string[];
  networks: readonly string[];
  conditioned: readonly string[];
  times: readonly string[];
  /** Evaluations that solvers of the groups `..-budgets` learn from. */
  budgets: readonly number[];
}

/** Rows that are measured together: all of one kind at one NFE and seed. */
export interface Group {
  /** What its rows depend on besides field, settings, NFE and seed: rows of another variant are measured again. */
  variant?: (choice: Choice, counts: readonly number[]) => string;
  rows(context: Context, nfe: number, choice: Choice): Promise<Row[]>;
}

/** Conditioned networks serve all NFE of a run at once, so their rows are kept until their NFE is asked for. */
const conditioned = new WeakMap<Context, Promise<Row[]>>();

/** Every group by name, in the order in which they run. */
export const GROUPS: Readonly<Record<string, Group>> = {
  plain: { rows: plainRows },
  gits: { rows: gitsRows },
  'fixed-r': { rows: fixedRows },
  'amed-tables': {
    variant: ({ tables }) => tables.join(),
    rows: (context, nfe, { tables }) => tableRows(context, nfe, tables),
  },
  'amed-published': {
    variant: ({ networks }) => networks.join(),
    rows: (context, nfe, { networks }) => publishedRows(context, nfe, networks),
  },
  'amed-networks': {
    variant: ({ networks }) => networks.join(),
    rows: (context, nfe, { networks }) => networkRows(context, nfe, networks),
  },
  'amed-conditioned': {
    variant: (choice, counts) => `${choice.conditioned.join()} at ${counts.join()}`,
    async rows(context, nfe, choice) {
      const all = conditioned.get(context) ?? conditionedRows(context, choice.conditioned);
      conditioned.set(context, all);
      return (await all).filter((row) => row.nfe === nfe);
    },
  },
  epd: { rows: epdRows },
  times: {
    variant: ({ times }) => times.join(),
    rows: (context, nfe, { times }) => timesRows(context, nfe, times),
  },
  universal: { rows: universalRows },
  bespoke: { rows: bespokeRows },
  'bespoke-net': { rows: bespokeNetRows },
  'bespoke-budgets': {
    variant: ({ budgets }) => budgets.join(),
    rows: (context, nfe, { budgets }) =>
      budgetRows(context, nfe, 'bespoke-budget', [{ solver: 'bespoke' }], budgets),
  },
  'amed-budgets': {
    variant: ({ tables, budgets }) => `${tables.join()} of ${budgets.join()}`,
    rows(context, nfe, { tables, budgets }) {
      const students = tables.map((solver) => ({ solver }));
      return budgetRows(context, nfe, 'amed-budget', students, budgets);
    },
  },
  'times-budgets': {
    variant: ({ times, budgets }) => `${times.join()} of ${budgets.join()}`,
    rows(context, nfe, { times, budgets }) {
      const students = times.map((solver) => ({ solver, afs: true }));
      return budgetRows(context, nfe, 'times-budget', students, budgets);
    },
  },
  'bespoke-several': { variant: (_, counts) => `at ${counts.join()}`, rows: severalRows },
};

/**
 * All but what learns for all NFE together, whose training takes as long as that of all others together, and what learns
 * from less.
 */
export const USUAL_GROUPS = Object.keys(GROUPS).filter(
  (name) => !['amed-conditioned', 'bespoke-several'].includes(name) && !name.endsWith('-budgets'),
);

export const USUAL_CHOICE: Choice = {
  tables: amedSolvers.map(({ name }) => name),
  networks: ['amed', 'amed-ipndm'],
  conditioned: ['amed-ipndm'],
  times: ['ipndm-3', 'dpmpp-2m', 'unipc-2'],
  budgets: [50_000, 100_000, 200_000, 400_000, 800_000],
};
