/**
 * Registers, spills and compile times of kernels on a GPU that need not be there: Mesa's drivers for AMD's, Intel's and
 * NVIDIA's GPUs compile for it. `npm run bench:registers -- --help`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { wholeNumber } from '../src/cli/options.js';
import { table } from '../src/cli/table.js';
import { FewstepError } from '../src/errors.js';
import { Gpu } from '../src/gpu/gpu.js';
import { openDevice } from '../src/node/adapter.js';
import { writeAtomic } from '../src/node/files.js';
import { describeRun, finishedRun, ROOT } from './describe-run.js';
import { leaveAfter } from './leave.js';
import { announced, type CompiledKernel, compiledKernels, FIGURES, took } from './registers/compiled.js';
import { DRIVERS, type DriverName, driverEnvironment } from './registers/drivers.js';
import { registerSubjects } from './registers/subjects.js';

interface Options {
  driver: DriverName;
  family?: string;
  shim?: string;
  subgroup?: number;
  only?: RegExp;
  out?: string;
  compile?: boolean;
}

const command = new Command('npm run bench:registers --')
  .description('compile kernels for a GPU that need not be there, and say what became of them')
  .addOption(
    new Option('--driver <name>', 'of Mesa’s drivers the one that compiles')
      .choices(Object.keys(DRIVERS))
      .default('radeon'),
  )
  .option('--family <name>', `the GPU, by its driver’s name for it (${families()})`)
  .option('--shim <file>', 'Mesa’s drm-shim library for intel or nouveau')
  .option(
    '--subgroup <size>',
    'radeon: subgroups of this size only; by default of 32 to 64',
    wholeNumber(32, 64),
  )
  .option('--only <pattern>', 'only subjects that a regular expression finds', pattern)
  .option('--out <file>', 'where all figures go as JSON')
  .addOption(new Option('--compile', 'in the process that has the device').hideHelp())
  .exitOverride();
await leaveAfter(() => {
  const options = command.parse().opts<Options>();
  return options.compile ? compile(options) : bench(options);
});

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function families(): string {
  return Object.entries(DRIVERS)
    .map(([name, { family }]) => `${name}: ${family.usual}`)
    .join(', ');
}

async function bench({
  driver,
  family = DRIVERS[driver].family.usual,
  shim,
  subgroup,
  only,
  out,
}: Options): Promise<void> {
  const started = new Date();
  const folder = await mkdtemp(join(tmpdir(), 'fewstep-registers-'));
  try {
    const env = {
      ...process.env,
      ...driverEnvironment(driver, { family, shim, subgroup }),
      ...(await layerEnvironment(folder)),
    };
    const { printed, status } = await childsOutput(
      ['--compile', ...(only ? ['--only', only.source] : [])],
      env,
    );
    const rows = compiledKernels(printed, DRIVERS[driver].statistics);
    const line = printed.match(/^@run (.*)$/m)?.[1];
    if (!line) throw failed(driver, family, printed);
    if (status !== 0) throw crashed(rows.length, printed);
    if (rows.length === 0) {
      throw new FewstepError(
        'bad-argument',
        `nothing was compiled${only ? ` of '${only.source}'` : ''}`,
        'leave out --only: each row of the table begins with the name of its subject',
      );
    }
    console.log(table(['subject', 'kernel', 'lanes', ...FIGURES, 'ms'], rows.map(cells)));
    const run = finishedRun(JSON.parse(line), started, 'bench:registers');
    console.log(`compiled for ${run.adapter.name} by ${run.adapter.driver}: nothing ran`);
    if (out) await writeAtomic(out, `${JSON.stringify({ ...run, family, rows })}\n`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function cells({ subject, kernel, lanes, ms, ...figures }: CompiledKernel): string[] {
  const own = FIGURES.map((name) => String(figures[name] ?? ''));
  return [subject, kernel, String(lanes), ...own, ms.toFixed(0)];
}

/** Builds the layer that prints what a driver says of a kernel, and says what environment it wants. */
async function layerEnvironment(folder: string): Promise<Record<string, string>> {
  const library = join(folder, 'layer.so');
  const source = join(ROOT, 'bench/registers/layer.c');
  try {
    execFileSync('cc', ['-std=c11', '-shared', '-fPIC', '-O1', '-o', library, source], { stdio: 'pipe' });
  } catch (cause) {
    const message = String((cause as { stderr?: Buffer }).stderr ?? cause).split('\n', 1)[0];
    throw new FewstepError(
      'bad-argument',
      `cannot compile ${source}: ${message}`,
      'install a C compiler and Vulkan’s headers: `sudo apt install gcc libc6-dev libvulkan-dev`',
      { cause },
    );
  }
  const layer = {
    name: 'VK_LAYER_FEWSTEP_compiled',
    type: 'GLOBAL',
    library_path: library,
    api_version: '1.3.0',
    implementation_version: '1',
    description: 'what became of compute kernels',
  };
  await writeFile(join(folder, 'layer.json'), JSON.stringify({ file_format_version: '1.1.2', layer }));
  return { VK_LAYER_PATH: folder, VK_INSTANCE_LAYERS: layer.name };
}

/** What this program prints on stderr with these arguments, and how it ends. */
function childsOutput(
  args: string[],
  env: NodeJS.ProcessEnv,
): Promise<{ printed: string; status: number | null }> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), ...args], {
    env,
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (status) => resolve({ printed, status }));
  });
}

function lastLines(printed: string): string {
  return printed.trim().split('\n').slice(-3).join(' / ');
}

function crashed(kernels: number, printed: string): FewstepError {
  return new FewstepError(
    'shader-compilation',
    `compiling ended after ${kernels} kernels: ${lastLines(printed)}`,
    'the kernel named last is what this driver cannot compile; --only leaves it out',
  );
}

function failed(driver: DriverName, family: string, printed: string): FewstepError {
  const mesa = driver === 'radeon' ? ', and Mesa 25: 26.2 has RADV_FORCE_FAMILY no more' : '';
  return new FewstepError(
    'no-adapter',
    `${driver} compiled nothing for '${family}': ${lastLines(printed)}`,
    `take a family that this Mesa knows, such as ${DRIVERS[driver].family.usual}${mesa}`,
  );
}

/** Compiles everything, one kernel after another, so that what is printed on stderr is known to be of which. */
async function compile({ only }: Options): Promise<void> {
  const { device, adapter } = await openDevice({ device: 'hardware', timestamps: false });
  const gpu = new Gpu(device, adapter);
  let subject = '';
  let turn: Promise<unknown> = Promise.resolve();
  const create = device.createComputePipelineAsync.bind(device);
  device.createComputePipelineAsync = (descriptor) => {
    const own = subject;
    const made = turn.then(async () => {
      writeSync(2, announced(String(descriptor.label), own));
      const before = performance.now();
      const pipeline = await create(descriptor);
      writeSync(2, took(performance.now() - before));
      return pipeline;
    });
    turn = made.catch(() => {});
    return made;
  };
  writeSync(2, `@run ${JSON.stringify(describeRun(adapter))}\n`);
  for (const each of registerSubjects()) {
    if (only && !only.test(each.name)) continue;
    subject = each.name;
    await each.compile(gpu, (part) => {
      subject = `${each.name}, ${part}`;
    });
  }
}
