/**
 * Trains the universal bespoke tables that the package carries (src/solver/universal.json) over random mixtures, random
 * data sets and networks trained on random data, none of which is a field of the benchmark. `npm run train:universal --
 * --help`.
 */
import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { wholeNumber, wholeNumbers } from '../src/cli/options.js';
import { distillUniversal, type UniversalField } from '../src/distill/bespoke/universal.js';
import { runTeacher } from '../src/distill/pool.js';
import { ROBUST } from '../src/distill/settings.js';
import type { Field } from '../src/field/field.js';
import { Gpu } from '../src/gpu/gpu.js';
import { openDevice } from '../src/node/adapter.js';
import { writeAtomic } from '../src/node/files.js';
import { planFor } from '../src/solver/plan-for.js';
import { UNIVERSAL_KINDS, type UniversalKind, type UniversalTable } from '../src/solver/universal.js';
import { describeRun } from './describe-run.js';
import { leaveAfter } from './leave.js';
import { isExact, trainingFields } from './universal/fields.js';

interface Options {
  kind: UniversalKind;
  nfe: number[];
  iterations: number;
  short?: boolean;
  seed: number;
  networks: string;
  out: string;
}

/**
 * Trajectories of each field, those of a field in a batch, and the short trainings. Exact fields are cheap, and unlike one
 * another; networks are neither.
 */
const EXACT = { training: 4096, validation: 384, batch: 64, candidateIterations: 20 };
const NETWORKS = { training: 2048, validation: 256, batch: 40, candidateIterations: 10 };

const command = new Command('npm run train:universal --')
  .description('train the universal bespoke tables of a kind')
  .addOption(
    new Option('--kind <kind>', 'what they are trained over').choices(UNIVERSAL_KINDS).makeOptionMandatory(),
  )
  .addOption(new Option('--nfe <counts>').argParser(wholeNumbers(1, 20)).default([3, 4, 5, 6, 7, 8, 9, 10]))
  .addOption(new Option('--iterations <count>').argParser(wholeNumber(0)).default(300))
  .option(
    '--short',
    'short steps, to go on with tables of data sets: the usual ones end no nearer from NFE 10 on',
  )
  .addOption(new Option('--seed <seed>').argParser(wholeNumber(0)).default(0))
  .option(
    '--networks <folder>',
    'where the networks that are trained for it are stored: those that it has are not trained again',
    'runs/universal',
  )
  .option(
    '--out <file>',
    'tables that it has of the kind, for an NFE and for one fewer, are starts of the training; others are kept',
    'src/solver/universal.json',
  )
  .exitOverride();
await leaveAfter(() => train(command.parse().opts<Options>()));

async function train({
  kind,
  nfe: counts,
  iterations,
  short = false,
  seed,
  networks,
  out,
}: Options): Promise<void> {
  const { device, adapter } = await openDevice();
  const gpu = new Gpu(device, adapter);
  const { batch, candidateIterations, ...pools } = isExact(kind) ? EXACT : NETWORKS;
  const fields = await withPools(gpu, await trainingFields(gpu, kind, seed, networks), pools);
  for (const nfe of counts) {
    const begin = performance.now();
    const before = await readTables(out);
    const known = (wanted: number) =>
      before.tables.find((table) => table.kind === kind && table.nfe === wanted);
    const { score, start, formula, numbers } = await distillUniversal(gpu, fields, {
      nfe,
      formulas: ['ipndm-2', 'ipndm-3', 'dpmpp-2m'],
      batch,
      fields: 6,
      candidateIterations,
      iterations,
      short,
      seed,
      given: known(nfe),
      shorter: known(nfe - 1),
      onRecord: (iteration, at) =>
        process.stderr.write(`\r${kind}, NFE ${nfe}: iteration ${iteration}, score ${at.toFixed(3)} `),
    });
    const seconds = ((performance.now() - begin) / 1000).toFixed(0);
    process.stderr.write('\n');
    console.log(
      `${kind}, NFE ${nfe}: ${formula}, mean score ${start.toFixed(3)} -> ${score.toFixed(3)} in ${seconds} s`,
    );
    const table = { kind, nfe, formula, numbers: numbers.map((value) => Number(value.toPrecision(7))) };
    const stored = await readTables(out);
    const others = stored.tables.filter((each) => each.kind !== kind || each.nfe !== nfe);
    stored.tables = [...others, table].sort((a, b) => placeOf(a.kind) - placeOf(b.kind) || a.nfe - b.nfe);
    stored.trainings[kind] = { fields: fields.length, iterations, short, seed, run: describeRun(adapter) };
    await writeAtomic(out, `${JSON.stringify(stored, null, 1)}\n`);
  }
}

interface StoredTables {
  schema: string;
  /** How the tables of a kind were trained, of several NFE the last. */
  trainings: Partial<Record<UniversalKind, object>>;
  tables: UniversalTable[];
}

/** Read anew before each writing: another kind may be in training meanwhile. */
async function readTables(path: string): Promise<StoredTables> {
  return JSON.parse(await readFile(path, 'utf8')) as StoredTables;
}

function placeOf(kind: UniversalKind): number {
  return UNIVERSAL_KINDS.indexOf(kind);
}

async function withPools(
  gpu: Gpu,
  fields: readonly Field[],
  pools: { training: number; validation: number },
): Promise<UniversalField[]> {
  const teacher = planFor(ROBUST.teacher);
  const made: UniversalField[] = [];
  for (const [i, field] of fields.entries()) {
    const run = (count: number, offset: number) =>
      runTeacher(gpu, field, teacher, { count, seed: 2 ** 41 + 2 * i + offset });
    made.push({ field, training: await run(pools.training, 0), validation: await run(pools.validation, 1) });
  }
  return made;
}
