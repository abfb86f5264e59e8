import { PROBES } from '../../src/field/fingerprint.js';
import { parseGrid } from '../../src/grid/grid.js';
import {
  type BespokePredictor,
  beganAs,
  bespokeSchedule,
  formOf,
} from '../../src/predictor/bespoke-predictor.js';
import type { NetworkConfig } from '../../src/predictor/network-config.js';
import { networkLayout } from '../../src/predictor/network-config.js';
import type {
  Schedule,
  StoredNetwork,
  TablePredictor,
  TimesPredictor,
} from '../../src/predictor/predictor.js';
import type { DistillationInfo } from '../../src/predictor/predictor-file.js';
import { random } from '../../src/rng/random.js';
import { type BespokeForm, bespokeLayout, plainNumbers } from '../../src/solver/bespoke.js';
import { parseSolver, stepsForNfe } from '../../src/solver/registry.js';
import { randomNetwork } from './fixtures.js';

/** Times for these NFE, on a grid that no rule gives. */
export function randomSchedules(
  text: string,
  afs: boolean,
  nfes: readonly number[],
  seed: number,
): Schedule[] {
  const { solver, options } = parseSolver(text);
  const source = random(seed, 1);
  return nfes.map((nfe) => {
    const range = { sigmaMin: source.between(1e-3, 1e-2), sigmaMax: source.between(20, 90) };
    const times = parseGrid('logsnr').times(stepsForNfe(solver, nfe, { afs, options }), range);
    return { nfe, grid: 'logsnr', times };
  });
}

export function randomTable(
  text: string,
  afs: boolean,
  nfes: readonly number[],
  seed: number,
): TablePredictor {
  const source = random(seed, 2);
  const schedules = randomSchedules(text, afs, nfes, seed).map((schedule) => ({
    ...schedule,
    answers: schedule.times.slice(1).map(() => ({
      r: source.between(0.05, 0.95),
      direction: source.between(0.5, 1.5),
      time: source.between(0.5, 1.5),
    })),
  }));
  return { kind: 'table', solver: text, afs, schedules };
}

export function randomTimes(
  text: string,
  afs: boolean,
  nfes: readonly number[],
  seed: number,
): TimesPredictor {
  const source = random(seed, 3);
  const schedules = randomSchedules(text, afs, nfes, seed).map((schedule) => ({
    ...schedule,
    told: Array.from({ length: schedule.nfe }, () => source.between(0.5, 1.5)),
  }));
  return { kind: 'times', solver: text, afs, schedules };
}

export function randomStoredNetwork(
  text: string,
  afs: boolean,
  nfes: readonly number[],
  config: NetworkConfig,
  { dim, seed }: { dim: number; seed: number },
): StoredNetwork {
  const source = random(seed, 4);
  const parameters = new Float32Array(networkLayout(config).size);
  // The padding between tensors is no part of a file.
  const drawn = randomNetwork(config, seed);
  for (const { offset, shape } of networkLayout(config).tensors) {
    const end = offset + shape[0] * shape[1];
    parameters.set(drawn.subarray(offset, end), offset);
  }
  return {
    kind: 'network',
    solver: text,
    afs,
    // Those of the first NFE correct a table.
    schedules: randomSchedules(text, afs, nfes, seed).map((schedule, i) => ({
      ...schedule,
      ...(i === 0 && {
        offsets: schedule.times
          .slice(1)
          .map(() => [source.normal(), source.normal(), source.normal()] as const),
      }),
    })),
    config,
    parameters,
    figures: { mean: Float32Array.from({ length: dim }, () => source.normal()), std: source.between(0.1, 2) },
  };
}

/** Bespoke solvers with nothing left of the plain ones that they began as. */
export function randomBespoke(
  nfes: readonly number[],
  { dim, seed, formula, start }: { dim: number; seed: number } & Pick<BespokeForm, 'formula' | 'start'>,
): BespokePredictor {
  const source = random(seed, 6);
  const range = { sigmaMin: source.between(1e-3, 1e-2), sigmaMax: source.between(20, 90) };
  const mean = Float32Array.from({ length: dim }, () => source.normal());
  const data = { mean, std: source.between(0.1, 2) };
  const schedules = nfes.map((nfe) => {
    const form = formOf({ range, data }, { nfe, formula, start });
    const { steps, c, logA, size } = bespokeLayout(form);
    const first = start === 'gaussian' ? range.sigmaMax / 10 : range.sigmaMax;
    const times = parseGrid('logsnr').times(steps, { ...range, sigmaMax: first });
    const numbers = plainNumbers(form, times);
    for (let i = 1; i < steps; i++) numbers[i] += source.between(-0.1, 0.1);
    for (let i = c; i < size; i++) numbers[i] += (i < logA ? 0.1 : 0.05) * source.normal();
    return bespokeSchedule(form, numbers, beganAs({ form, grid: 'logsnr' }));
  });
  return { kind: 'bespoke', solver: 'bespoke', afs: false, range, data, schedules };
}

export function randomFingerprint(dim: number, seed: number) {
  const source = random(seed, 5);
  const denoised = Float32Array.from({ length: PROBES * dim }, () => source.normal());
  return { kind: 'gaussian-mixture', dim, denoised };
}

export const info: DistillationInfo = {
  recipe: 'robust',
  field: 'ring',
  teacher: { solver: 'ipndm-4', nfe: 60, grid: 'polynomial:7', evaluations: 630_720 },
  trajectories: 10_000,
  validation: 512,
  batch: 128,
  iterations: 240,
  seed: 3,
  adapter: 'llvmpipe (LLVM 19.1.7, 256 bits)',
  seconds: { teacher: 1.5, search: 0.25, training: 3 },
  scores: [
    {
      nfe: 3,
      base: { mean: null, median: 0.5 },
      start: { mean: 0.25, median: 0.125 },
      best: { mean: 0.1, median: 0.05 },
    },
  ],
};
