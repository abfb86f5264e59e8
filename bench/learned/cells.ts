import { basename } from 'node:path';
import { FewstepError } from '../../src/errors.js';
import type { MachineDescription } from '../../src/report/results.js';
import type { Row } from './row.js';
import { type LearnedResults, readJson, SCHEMA } from './store.js';

/** All rows of one field at one NFE and seed. */
export interface Cell {
  field: string;
  /** Whether the field is a trained network. */
  network: boolean;
  /** Fresh latents. */
  batch: number;
  nfe: number;
  seed: number;
  /** What its figures were measured on. */
  adapters: string[];
  rows: Row[];
  reached?: LearnedResults['reached'][number];
}

/** Rows of one field and what they have in common. */
interface Part {
  field: string;
  network: boolean;
  batch: number;
  adapters: string[];
  rows: readonly Row[];
  reached: LearnedResults['reached'];
}

/**
 * Reads files of figures and joins them: what is measured in several counts as the last of them has it.
 * @throws FewstepError file, bad-data for a file of something else
 */
export async function readCells(paths: readonly string[]): Promise<Cell[]> {
  const parts: Part[] = [];
  for (const path of paths) parts.push(partOf(path, await readJson(path)));
  return cellsOf(parts);
}

function partOf(path: string, results: unknown): Part {
  if ((results as { schema?: unknown }).schema !== SCHEMA) {
    throw new FewstepError('bad-data', `${path} is no ${SCHEMA} file`, 'give files that this bench wrote');
  }
  const { settings, field, runs, rows, reached } = results as LearnedResults;
  const { batch } = settings as { batch?: number };
  const about = { field: labelOf(settings), network: field.kind === 'mlp', batch: batch! };
  return { ...about, adapters: runs.map(adapterOf), rows, reached };
}

function adapterOf({ adapter }: MachineDescription): string {
  return `${adapter.name} (${adapter.driver}), ${adapter.software ? 'software' : 'hardware'}`;
}

/** A field by its file's name, and what else was said about it that changes what it is. */
function labelOf(settings: { field: string } & object): string {
  const details = ['bandwidth', 'label', 'guidance', 'precision'].flatMap((name) =>
    name in settings ? [`${name} ${settings[name as keyof typeof settings]}`] : [],
  );
  return [basename(settings.field), ...details].join(', ');
}

type OpenCell = Omit<Cell, 'rows'> & { rows: Map<string, Row> };

function cellsOf(parts: readonly Part[]): Cell[] {
  const cells = new Map<string, OpenCell>();
  for (const { field, network, batch, adapters, rows, reached } of parts) {
    for (const row of rows) {
      const { nfe, seed } = row;
      const key = [field, batch, nfe, seed].join('\n');
      const cell: OpenCell = cells.get(key) ?? {
        field,
        network,
        batch,
        nfe,
        seed,
        adapters: [],
        rows: new Map(),
      };
      cell.reached = reached.find((each) => each.seed === seed) ?? cell.reached;
      cell.adapters = [...new Set([...cell.adapters, ...adapters])];
      cell.rows.set(identityOf(row), row);
      cells.set(key, cell);
    }
  }
  return [...cells.values()].map((cell) => ({ ...cell, rows: [...cell.rows.values()] }));
}

/** What a search or a training chose is no part of what a row is. */
function identityOf({ kind, solver, grid, afs }: Row): string {
  return [kind, solver, afs, kind === 'plain' ? grid : ''].join('\n');
}
