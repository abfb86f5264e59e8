/** What runs in the browser: the public API, and nothing else of the project. */
import { type Field, Gpu, gaussianMixture, type MixtureInput, sample } from '../../src/index.js';

export interface Job {
  solver: string;
  nfe: number;
  latents: number[];
}

export interface JobResult {
  samples: number[];
  evaluations: number;
}

let gpu: Gpu;
let field: Field;

/** Opens the browser's device. */
async function open(mixture: MixtureInput): Promise<string> {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error('the browser has no WebGPU adapter');
  gpu = new Gpu(await adapter.requestDevice());
  field = gaussianMixture(mixture);
  return gpu.adapter.name;
}

async function run({ solver, nfe, latents }: Job): Promise<JobResult> {
  const { samples, evaluations } = await sample(gpu, { field, solver, nfe, latents });
  return { samples: [...samples], evaluations };
}

export const page = { open, run };
Object.assign(globalThis, { page });
