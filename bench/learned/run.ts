import type { DistillSettings } from '../../src/distill/settings.js';
import type { Field } from '../../src/field/field.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { type Context, contextOf, prepareTruth } from './context.js';
import { type Choice, GROUPS } from './groups.js';
import type { Row } from './row.js';
import type { Store } from './store.js';
import type { Truth } from './truth.js';

export interface LearnedOptions {
  gpu: Gpu;
  field: Field;
  truth?: Truth;
  counts: readonly number[];
  seeds: readonly number[];
  /** Names of GROUPS. */
  groups: readonly string[];
  choice: Choice;
  /** Fresh latents. */
  batch: number;
  settings: Omit<DistillSettings, 'seed'>;
  /** Called before each group of rows. */
  onGroup?: (group: string, nfe: number, seed: number) => void;
  /** Called with all rows of an NFE and seed, when they are measured. */
  onRows?: (rows: readonly Row[], nfe: number, seed: number) => void;
}

/** Measures what the store does not have yet, one seed after the other; each group of rows is saved when it is there. */
export async function runLearned(store: Store, options: LearnedOptions): Promise<void> {
  const { gpu, field, truth, counts, seeds, choice, batch, settings, onGroup, onRows } = options;
  const prepared = truth && prepareTruth(truth, field.dim);
  const groups = Object.entries(GROUPS).filter(([name]) => options.groups.includes(name));
  const begin = performance.now();
  for (const seed of seeds) {
    let context: Context | undefined;
    for (const nfe of counts) {
      for (const [name, group] of groups) {
        const unit = { group: name, variant: group.variant?.(choice, counts), nfe, seed };
        if (store.has(unit)) continue;
        onGroup?.(name, nfe, seed);
        context ??= await contextOf({
          ...{ gpu, field, truth: prepared, batch, counts },
          settings: { ...settings, seed },
        });
        const { reached } = store.results;
        if (context.reached && !reached.some((each) => each.seed === seed)) {
          reached.push({ seed, ...context.reached });
        }
        const rows = await group.rows(context, nfe, choice);
        await store.put(unit, rows, (performance.now() - begin) / 1000);
      }
      onRows?.(
        store.results.rows.filter((row) => row.nfe === nfe && row.seed === seed),
        nfe,
        seed,
      );
    }
  }
}
