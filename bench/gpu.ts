/**
 * All benches of speed, one after the other, into one folder, and how we compare. It needs what is built, Node, and for
 * PyTorch a python3 that has it: no network. `npm run bench:gpu -- --help`, or where there is no npm
 * `node dist/bench/gpu.js --out DIR`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { deviceOption, plainNames, wholeNumber } from '../src/cli/options.js';
import type { DeviceChoice } from '../src/node/adapter.js';
import { writeAtomic } from '../src/node/files.js';
import { ROOT } from './describe-run.js';
import { type PartOutcome, runPart } from './gpu/part.js';
import { type GpuFigures, gpuSummary, type TorchFigures } from './gpu/summary.js';
import { leaveAfter } from './leave.js';

interface Options {
  out: string;
  device: DeviceChoice;
  quick?: boolean;
  only?: string[];
  seconds: number;
  python: string;
}

const PARTS = [
  ...['doctor', 'call', 'sampling', 'unchecked', 'pytorch', 'mlp', 'tiles', 'updates', 'scaling', 'training'],
];
/** Of sampling without Dawn's checks of bounds. */
const UNCHECKED = 'disable_robustness';

const command = new Command('npm run bench:gpu --')
  .description('run every bench of speed on a GPU, PyTorch where there is one, and compare')
  .requiredOption('--out <folder>', 'where figures and logs go')
  .option('--quick', 'less of each')
  .addOption(
    new Option('--only <parts>', `some of ${PARTS.join(', ')}, separated by commas`).argParser(partNames),
  )
  .addOption(
    new Option('--seconds <count>', 'after which a part is ended, and counts as failed')
      .argParser(wholeNumber(1, 86400))
      .default(180),
  )
  .option('--python <command>', 'a Python that may have PyTorch', 'python3')
  .addOption(deviceOption().default('hardware'))
  .exitOverride();
await leaveAfter(() => benches(command.parse().opts<Options>()));

async function benches(options: Options): Promise<void> {
  const { out, device, only = PARTS, seconds } = options;
  await mkdir(out, { recursive: true });
  const outcomes: PartOutcome[] = [];
  for (const name of PARTS.filter((part) => only.includes(part))) {
    const line = commandOf(name, options);
    if (line === undefined) continue;
    const toggles = name === 'unchecked' ? { FEWSTEP_TOGGLES: UNCHECKED } : {};
    const env = { ...process.env, FEWSTEP_DEVICE: device, ...toggles };
    outcomes.push(await runPart(name, line, { log: join(out, `${name}.log`), seconds, env, cwd: ROOT }));
  }
  const sampling = await figuresOf<GpuFigures>(join(out, 'sampling.json'));
  const torch = await figuresOf<TorchFigures>(join(out, 'pytorch.json'));
  const unchecked = await figuresOf<GpuFigures>(join(out, 'unchecked.json'));
  if (sampling) {
    const summary = gpuSummary(sampling, torch, unchecked);
    console.log(`\n${summary}`);
    await writeAtomic(join(out, 'summary.txt'), `${summary}\n`);
  }
  console.log('');
  for (const { name, problem, seconds: took } of outcomes) {
    console.log(`${name}: ${problem ?? 'done'}, ${took.toFixed(0)} s (${join(out, `${name}.log`)})`);
  }
  if (outcomes.some(({ problem }) => problem !== undefined)) process.exitCode = 1;
}

/** The command line of a part; undefined where this source has no such bench, or Python no PyTorch. */
function commandOf(name: string, { out, quick, python }: Options): string[] | undefined {
  const file = (suffix: string) => resolve(out, suffix);
  const less = quick ? ['--quick'] : [];
  switch (name) {
    case 'doctor':
      return [process.execPath, join(ROOT, 'dist', 'cli.js'), 'doctor'];
    case 'pytorch': {
      if (spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status !== 0) {
        console.log(`\n== pytorch: left out, since ${python} cannot import torch`);
        return undefined;
      }
      const script = join(ROOT, 'bench', 'pytorch', 'sampling.py');
      const budget = quick ? ['--budget', '40'] : [];
      return [python, script, file('subjects'), ...budget, '--out', file('pytorch.json')];
    }
    case 'unchecked': {
      const script = join(ROOT, 'dist', 'bench', 'sampling.js');
      return [process.execPath, script, ...less, '--no-tfjs', '--out', file('unchecked.json')];
    }
    default: {
      const script = join(ROOT, 'dist', 'bench', `${name}.js`);
      if (!existsSync(script)) return undefined;
      const exported = name === 'sampling' ? ['--export', file('subjects')] : [];
      return [process.execPath, script, ...less, ...exported, '--out', file(`${name}.json`)];
    }
  }
}

/** What a part wrote, in this run or an earlier one into the same folder. */
async function figuresOf<Figures>(file: string): Promise<Figures | undefined> {
  return existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Figures) : undefined;
}

function partNames(text: string): string[] {
  const names = plainNames(text);
  const unknown = names.find((name) => !PARTS.includes(name));
  if (unknown === undefined) return names;
  throw new InvalidArgumentError(`There is no part '${unknown}', but ${PARTS.join(', ')}.`);
}
