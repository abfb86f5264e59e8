import { diffuse } from '../diffuse.js';
import { FewstepError } from '../errors.js';
import { Gpu } from '../gpu/gpu.js';
import type { Matrix } from '../io/dataset.js';
import { scaleToUnit } from '../io/scaling.js';
import { type DeviceChoice, openDevice } from '../node/adapter.js';
import { inFile } from '../node/field/place.js';
import { loadDataSet, saveNpy } from '../node/files.js';
import { loadProcess } from '../node/process.js';
import { problems } from '../problem/registry.js';
import type { Process } from '../process/process.js';
import { checkDistinct, checkOutput, checkSize, MORE_SEEDS } from './output.js';

/** What the command line says, as commander hands it over. */
export interface DiffuseOptions {
  data: string;
  process: string;
  times?: number[];
  sigmas?: number[];
  out: string;
  columns?: string;
  scale?: boolean;
  rows?: number;
  seed: number;
  device?: DeviceChoice;
  json?: boolean;
}

const USUAL_ROWS = 1000;

/** Noises data and writes them. */
export async function runDiffuse(options: DiffuseOptions, signal: AbortSignal): Promise<void> {
  const { out, seed, device: choice, json } = options;
  checkOutput('--out', out);
  checkDistinct({ '--out': out }, { '--data': options.data });
  const process = await loadProcess(options.process);
  const times = timesOf(process, options);
  const { rows, columns: dim, values } = await rowsOf(options, times.length);
  const { device, adapter } = await openDevice({ device: choice });
  const gpu = new Gpu(device, adapter);
  try {
    const noised = await diffuse(gpu, { process, data: values, dim, times, seed, signal });
    await saveNpy(out, [times.length, rows, dim], noised);
  } finally {
    gpu.destroy();
  }
  const report = {
    out,
    shape: [times.length, rows, dim],
    process: process.name,
    times: times.map((time) => ({
      time,
      sigma: process.sigma(time),
      alphaBar: process.alphaBar(time),
      betaBar: process.betaBar(time),
    })),
    seed,
    adapter,
  };
  const sentence = `${out}: ${rows} rows of ${dim} numbers at ${times.length} times of ${process.name}, on ${adapter.name}`;
  globalThis.process.stdout.write(`${json ? JSON.stringify(report, null, 2) : sentence}\n`);
}

function timesOf(process: Process, { times, sigmas }: DiffuseOptions): number[] {
  if (times) return times;
  if (sigmas) return sigmas.map((sigma) => process.timeOf(sigma));
  throw new FewstepError(
    'bad-argument',
    'neither --times nor --sigmas is given',
    `give times from ${process.range.min} to ${process.range.max}, or noise-to-signal ratios`,
  );
}

/** @param states times that each is noised to */
async function rowsOf({ data, columns, scale, rows, seed }: DiffuseOptions, states: number): Promise<Matrix> {
  if (Object.hasOwn(problems, data)) {
    const foreign = Object.entries({ columns, scale }).find(([, value]) => value !== undefined);
    if (foreign) throw notOf(foreign[0], 'a problem');
    const { dim, sample } = problems[data]();
    const count = rows ?? USUAL_ROWS;
    checkSize('--rows', count, dim, states, MORE_SEEDS);
    return { rows: count, columns: dim, values: sample(count, seed) };
  }
  if (rows !== undefined) throw notOf('rows', 'a data file, which is taken whole');
  const raw = await loadDataSet(data, { columns });
  return scale ? inFile(data, () => scaleToUnit(raw).dataSet) : raw;
}

function notOf(option: string, what: string): FewstepError {
  return new FewstepError('bad-argument', `--${option} does not apply to ${what}`, 'leave it out');
}
