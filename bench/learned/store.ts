import { existsSync } from 'node:fs';
import { FewstepError } from '../../src/errors.js';
import type { DistributionDistances } from '../../src/metrics/distribution-reference.js';
import { readBytes, writeAtomic } from '../../src/node/files.js';
import type { MachineDescription } from '../../src/report/results.js';
import type { Row } from './row.js';

export const SCHEMA = 'fewstep-learned/1';

/** What all figures of a file have in common. */
export type Settings = Readonly<Record<string, unknown>> & { field: string };

/** One run of the command, of the several that a file may be from. */
export interface Run extends MachineDescription {
  /** ISO 8601. */
  started: string;
  seconds: number;
  groups: readonly string[];
  nfe: readonly number[];
  seeds: readonly number[];
}

/** A row with where it comes from. */
export interface StoredRow extends Row {
  group: string;
  /** Number of the run, from 0. */
  run: number;
}

export interface LearnedResults {
  schema: typeof SCHEMA;
  settings: Settings;
  field: { kind: string; dim: number };
  runs: Run[];
  /** Of each seed: distances to the data of the exact end points, and of as many true draws. */
  reached: { seed: number; exact: DistributionDistances; floor?: DistributionDistances }[];
  /** Which group and variant is measured at which NFE and seed. */
  done: Unit[];
  rows: StoredRow[];
}

/** What is measured in one go, and is not measured again. */
export interface Unit {
  group: string;
  variant?: string;
  nfe: number;
  seed: number;
}

/** Results in a file, with what it has already of the same settings. */
export class Store {
  private constructor(
    private readonly path: string,
    readonly results: LearnedResults,
  ) {}

  /**
   * @throws FewstepError bad-data where the file is something else, bad-argument where its figures are of other settings
   */
  static async open(
    path: string,
    settings: Settings,
    field: LearnedResults['field'],
    run: Run,
  ): Promise<Store> {
    const mine = JSON.parse(JSON.stringify(settings)) as Settings;
    const before = existsSync(path) ? await readLearned(path) : undefined;
    const results = before ?? {
      ...{ schema: SCHEMA, settings: mine, field, runs: [], reached: [], done: [], rows: [] },
    };
    const names = new Set([...Object.keys(mine), ...Object.keys(results.settings)]);
    for (const name of names) {
      const [there, asked] = [results.settings, mine].map((each) => JSON.stringify(each[name]));
      if (there === asked) continue;
      throw new FewstepError(
        'bad-argument',
        `${path} holds figures of ${name} ${there ?? 'not given'}, not ${asked ?? 'without it'}`,
        'give the same settings to add to it, or another --out',
      );
    }
    results.runs.push(run);
    return new Store(path, results);
  }

  has(unit: Unit): boolean {
    return this.results.done.some((done) => sameUnit(done, unit) && done.variant === unit.variant);
  }

  /** Takes the rows of a unit in the place of those that it had, and saves. */
  async put(unit: Unit, rows: readonly Row[], seconds: number): Promise<void> {
    const { results } = this;
    results.done = [...results.done.filter((done) => !sameUnit(done, unit)), unit];
    const { group } = unit;
    const run = results.runs.length - 1;
    results.rows = [
      ...results.rows.filter((row) => !sameUnit(row, unit)),
      ...rows.map((row) => ({ ...row, group, run })),
    ];
    results.runs[run].seconds = seconds;
    await writeAtomic(this.path, `${JSON.stringify(results)}\n`);
  }
}

function sameUnit(a: Omit<Unit, 'variant'>, b: Omit<Unit, 'variant'>): boolean {
  return a.group === b.group && a.nfe === b.nfe && a.seed === b.seed;
}

async function readLearned(path: string): Promise<LearnedResults> {
  const results = await readJson(path);
  if ((results as { schema?: unknown }).schema === SCHEMA) return results as LearnedResults;
  throw new FewstepError('bad-data', `${path} is no ${SCHEMA} file`, 'give another --out');
}

/**
 * A file of figures, with Infinity where JSON has null.
 * @throws FewstepError file, bad-data
 */
export async function readJson(path: string): Promise<unknown> {
  const text = new TextDecoder().decode(await readBytes(path));
  try {
    return JSON.parse(text, (_, value) => (value === null ? Infinity : value));
  } catch (cause) {
    throw new FewstepError('bad-data', `${path} is no JSON`, 'give a file that this bench wrote', { cause });
  }
}
