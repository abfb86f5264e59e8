/**
 * Registers, spills and compile times of kernels on an AMD GPU that need not be there: RADV compiles for it.
 * `npm run bench:registers -- --help`.
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
import { vulkanDrivers } from '../src/node/vulkan-drivers.js';
import { describeRun, finishedRun, ROOT } from './describe-run.js';
import { leaveAfter } from './leave.js';
import { announced, compiledKernels, took } from './registers/compiled.js';
import { registerSubjects } from './registers/subjects.js';

interface Options {
  family: string;
  subgroup?: number;
  only?: RegExp;
  out?: string;
  compile?: boolean;
}

const command = new Command('npm run bench:registers --')
  .description('compile kernels for an AMD GPU that need not be there, and say what became of them')
  .option('--family <name>', 'the GPU, by its name in RADV_FORCE_FAMILY', 'navi31')
  .option('--subgroup <size>', 'subgroups of this size only; by default of 32 to 64', wholeNumber(32, 64))
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

async function bench({ family, subgroup, only, out }: Options): Promise<void> {
  const started = new Date();
  const folder = await mkdtemp(join(tmpdir(), 'fewstep-registers-'));
  try {
    const env = {
      ...process.env,
      ...(await nullDevice(folder)),
      RADV_FORCE_FAMILY: family,
      RADV_DEBUG: 'nocache,shaderstats',
      ...(subgroup !== undefined && { NULL_DEVICE_SUBGROUP: String(subgroup) }),
    };
    const { printed, status } = await childsOutput(
      ['--compile', ...(only ? ['--only', only.source] : [])],
      env,
    );
    const rows = compiledKernels(printed);
    const line = printed.match(/^@run (.*)$/m)?.[1];
    if (!line) throw failed(family, printed);
    if (status !== 0) throw crashed(rows.length, printed);
    if (rows.length === 0) {
      throw new FewstepError(
        'bad-argument',
        `nothing was compiled${only ? ` of '${only.source}'` : ''}`,
        'leave out --only: each row of the table begins with the name of its subject',
      );
    }
    const cells = rows.map((row) => [
      row.subject,
      row.kernel,
      ...[row.registers, row.spilled, row.scratch, row.shared, row.waves, row.instructions].map(String),
      row.ms.toFixed(0),
    ]);
    const header = [
      'subject',
      'kernel',
      'registers',
      'spilled',
      'scratch',
      'shared',
      'waves',
      'instructions',
      'ms',
    ];
    console.log(table(header, cells));
    const run = finishedRun(JSON.parse(line), started, 'bench:registers');
    console.log(`compiled for ${run.adapter.name} by ${run.adapter.driver}: nothing ran`);
    if (out) await writeAtomic(out, `${JSON.stringify({ ...run, rows })}\n`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Builds the layer that makes RADV's device one that Dawn takes, and says what environment it wants. */
async function nullDevice(folder: string): Promise<Record<string, string>> {
  const driver = vulkanDrivers().find(({ library }) => library.includes('vulkan_radeon'));
  if (!driver) {
    throw new FewstepError(
      'no-adapter',
      'Mesa’s RADV is not on this machine',
      'install Mesa 25: `sudo apt install mesa-vulkan-drivers`',
    );
  }
  const library = join(folder, 'null_device.so');
  const source = join(ROOT, 'bench/registers/null_device.c');
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
    name: 'VK_LAYER_FEWSTEP_null_device',
    type: 'GLOBAL',
    library_path: library,
    api_version: '1.3.0',
    implementation_version: '1',
    description: 'a device that does nothing',
  };
  await writeFile(join(folder, 'layer.json'), JSON.stringify({ file_format_version: '1.1.2', layer }));
  const drivers = { VK_DRIVER_FILES: driver.manifest, VK_ICD_FILENAMES: driver.manifest };
  return { ...drivers, VK_LAYER_PATH: folder, VK_INSTANCE_LAYERS: layer.name };
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

function failed(family: string, printed: string): FewstepError {
  return new FewstepError(
    'no-adapter',
    `RADV compiled nothing for '${family}': ${lastLines(printed)}`,
    'take a family that this Mesa knows, such as navi31 or navi21, and Mesa 25: 26.2 has RADV_FORCE_FAMILY no more',
  );
}

/** Compiles everything, one kernel after another, so that what RADV prints on stderr is known to be of which. */
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
