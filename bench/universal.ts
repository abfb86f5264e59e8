/**
 * Trains the universal bespoke tables that the package carries (src/solver/universal.json) over random mixtures and
 * random data sets, none of which is a problem of the benchmark. `npm run train:universal -- --help`.
 */
import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { wholeNumber, wholeNumbers } from '../src/cli/options.js';
import { distillUniversal, type UniversalField } from '../src/distill/bespoke/universal.js';
import { runTeacher } from '../src/distill/pool.js';
import { ROBUST } from '../src/distill/settings.js';
import type { Field } from '../src/field/field.js';
import { gaussianMixture } from '../src/field/gaussian-mixture.js';
import { Gpu } from '../src/gpu/gpu.js';
import { openDevice } from '../src/node/adapter.js';
import { writeAtomic } from '../src/node/files.js';
import { kernelDensity } from '../src/problem/problem.js';
import { type Random, random } from '../src/rng/random.js';
import { planFor } from '../src/solver/plan-for.js';
import type { UniversalTable } from '../src/solver/universal.js';
import { describeRun } from './describe-run.js';
import { leaveAfter } from './leave.js';

interface Options {
  nfe: number[];
  iterations: number;
  seed: number;
  out: string;
}

const command = new Command('npm run train:universal --')
  .description('train the universal bespoke tables')
  .addOption(new Option('--nfe <counts>').argParser(wholeNumbers(1, 20)).default([3, 4, 5, 6, 7, 8, 9, 10]))
  .addOption(new Option('--iterations <count>').argParser(wholeNumber(0)).default(300))
  .addOption(new Option('--seed <seed>').argParser(wholeNumber(0)).default(0))
  .option(
    '--out <file>',
    'the table that it has for an NFE is a start of the training, and kept for others',
    'src/solver/universal.json',
  )
  .exitOverride();
await leaveAfter(() => train(command.parse().opts<Options>()));

async function train({ nfe: counts, iterations, seed, out }: Options): Promise<void> {
  const { device, adapter } = await openDevice();
  const gpu = new Gpu(device, adapter);
  const teacher = planFor(ROBUST.teacher);
  const fields: UniversalField[] = [];
  for (const [i, field] of trainingFields(seed).entries()) {
    const run = (count: number, offset: number) =>
      runTeacher(gpu, field, teacher, { count, seed: 2 ** 41 + 2 * i + offset });
    fields.push({ field, training: await run(4096, 0), validation: await run(384, 1) });
  }
  const stored = JSON.parse(await readFile(out, 'utf8')) as { tables: UniversalTable[] };
  for (const nfe of counts) {
    const begin = performance.now();
    const { score, start, formula, numbers } = await distillUniversal(gpu, fields, {
      nfe,
      formulas: ['ipndm-2', 'ipndm-3', 'dpmpp-2m'],
      batch: 64,
      fields: 6,
      candidateIterations: 20,
      iterations,
      seed,
      given: stored.tables.find((table) => table.nfe === nfe),
      onRecord: (iteration, at) =>
        process.stderr.write(`\rNFE ${nfe}: iteration ${iteration}, score ${at.toFixed(3)} `),
    });
    const seconds = ((performance.now() - begin) / 1000).toFixed(0);
    process.stderr.write('\n');
    console.log(
      `NFE ${nfe}: ${formula}, mean score ${start.toFixed(3)} -> ${score.toFixed(3)} in ${seconds} s`,
    );
    const table = { nfe, formula, numbers: numbers.map((value) => Number(value.toPrecision(7))) };
    const tables = [...stored.tables.filter((each) => each.nfe !== nfe), table].sort((a, b) => a.nfe - b.nfe);
    stored.tables = tables;
    const made = {
      schema: 'fewstep-universal/1',
      fields: fields.length,
      iterations,
      seed,
      run: describeRun(adapter),
    };
    await writeAtomic(out, `${JSON.stringify({ ...made, tables }, null, 1)}\n`);
  }
}

/** Random mixtures of 2 to 64 dimensions, patterns of 256 numbers, and data sets along random curves. */
function trainingFields(seed: number): Field[] {
  const fields: Field[] = [];
  const source = random(seed, 60);
  for (const dim of [2, 2, 2, 4, 8, 16, 32, 64]) {
    const components = 3 + Math.floor(source.uniform() * 20);
    const width = 0.03 * 8 ** source.uniform();
    fields.push(
      gaussianMixture({
        weights: Array.from({ length: components }, () => source.between(0.3, 1)),
        means: Array.from({ length: components }, () =>
          Array.from({ length: dim }, () => source.between(-1, 1)),
        ),
        stds: Array.from({ length: components }, () => width * source.between(0.5, 1.5)),
      }),
    );
  }
  for (const dim of [2, 2, 2, 8, 32, 128]) {
    const points = curve(source, dim, 200);
    fields.push(gaussianMixture(kernelDensity(points, dim, 0.02 * 4 ** source.uniform())));
  }
  for (const count of [20, 60]) {
    fields.push(
      gaussianMixture(kernelDensity(patterns(source, 256, count), 256, 0.02 * 4 ** source.uniform())),
    );
  }
  return fields;
}

/** Black and white, mostly black as drawings are, in runs: [count * dim]. */
function patterns(source: Random, dim: number, count: number): Float64Array {
  let white = false;
  return Float64Array.from({ length: count * dim }, () => {
    if (source.uniform() < (white ? 0.4 : 0.1)) white = !white;
    return white ? 1 : -1;
  });
}

/** Points along a random closed curve of a few frequencies, [count * dim]. */
function curve(source: Random, dim: number, count: number): Float64Array {
  const amplitudes = Array.from({ length: 2 * 4 * dim }, () => source.normal());
  return Float64Array.from({ length: count * dim }, (_, i) => {
    const [angle, d] = [(2 * Math.PI * Math.floor(i / dim)) / count, i % dim];
    let sum = 0;
    for (let k = 1; k <= 4; k++) {
      const [a, b] = amplitudes.slice(2 * (4 * d + k - 1));
      sum += (a * Math.cos(k * angle) + b * Math.sin(k * angle)) / k ** 1.5;
    }
    return 0.5 * sum;
  });
}
