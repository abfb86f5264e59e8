import { join } from 'node:path';
import { solve } from '../../src/execute/solve.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { type StoredTensor, writeSafetensors } from '../../src/io/safetensors.js';
import { frequencies } from '../../src/mlp/config.js';
import { storedParameters } from '../../src/mlp/stored-parameters.js';
import { writeAtomic } from '../../src/node/files.js';
import type { Plan } from '../../src/solver/plan.js';
import type { SamplingSource, SamplingSubject } from './subjects.js';

/** Trajectories whose end points another library compares its own with. */
const CHECKED = 512;

/**
 * Writes what another library needs to sample the same: subjects.json, and for each subject a safetensors file with the
 * parameters of its field, latents [512, dim], and the end points of each plan from them, by its solver's name.
 */
export async function exportSubjects(
  gpu: Gpu,
  subjects: readonly SamplingSubject[],
  plans: readonly Plan[],
  folder: string,
): Promise<void> {
  const entries = [];
  for (const { id, name, field, source, batches } of subjects) {
    const tensors = new Map(parametersOf(source));
    const shape = [CHECKED, field.dim];
    for (const plan of plans) {
      const start = plan.states[0];
      const latents = { batch: CHECKED, seed: 0 };
      const { samples, kept } = await solve(gpu, field, plan, { latents, keep: [start] });
      tensors.set('latents', { shape, values: kept.get(start)! });
      tensors.set(plan.solver, { shape, values: samples });
    }
    const file = `${id}.safetensors`;
    await writeAtomic(join(folder, file), writeSafetensors({ tensors, metadata: {} }));
    const { kind } = source;
    const settings =
      source.kind === 'network' ? { layers: source.config.layers, sigmaData: source.config.sigmaData } : {};
    entries.push({ id, name, kind, file, dim: field.dim, batches, ...settings });
  }
  const times = Object.fromEntries(plans.map(({ solver, times }) => [solver, times]));
  const listing = { schema: 'fewstep-sampling-subjects-1', times, subjects: entries };
  await writeAtomic(join(folder, 'subjects.json'), `${JSON.stringify(listing, null, 2)}\n`);
}

/** A mixture's weights [K], means [K, dim] and stds [1] or [K]; a network's matrices, and its embedding's turns. */
function parametersOf(source: SamplingSource): [string, StoredTensor][] {
  if (source.kind === 'network') {
    const turns = frequencies(source.config.embedding);
    return [
      ...storedParameters(source.config, source.parameters),
      ['frequencies', { shape: [turns.length], values: turns }],
    ];
  }
  const { weights, means, stds, dim } = source.spec;
  return [
    ['weights', { shape: [weights.length], values: weights }],
    ['means', { shape: [weights.length, dim], values: means }],
    ['stds', { shape: [stds.length], values: stds }],
  ];
}
