import { FewstepError } from '../errors.js';
import { folded } from '../gpu/dispatch.js';
import { parseProcess } from '../process/built-in.js';
import { type Prediction, translation } from '../process/prediction.js';
import type { Process } from '../process/process.js';
import type { Denoise, Field } from './field.js';
import { operationOf, shared } from './operation.js';

/**
 * What the model says of some states, as it was trained: its own code, on whatever runs it.
 * @param states x_t = alpha-bar(t) x, [count, dim]
 * @param times t of the model's process, one a state; sigma where it has none
 * @returns the prediction, [count, dim]
 */
export type Predict = (
  states: Float32Array,
  times: Float32Array,
) => ArrayLike<number> | Promise<ArrayLike<number>>;

export interface ExternalFieldOptions {
  dim: number;
  predict: Predict;
  /** What is predicted; by default 'x0', which is D itself. */
  prediction?: Prediction;
  /** What the model was trained on: `parseProcess('vp-linear')`, `defineProcess({ .. })`. By default x_t = x and t = sigma. */
  process?: Process;
  /** The most states that it takes at once. By default all of a batch. */
  most?: number;
  /** D(x, sigma) in float64, for the reference executor. */
  denoise?: Denoise;
}

/** x_t is x itself, and t is sigma, up to whatever one likes. */
const EXPLODING = parseProcess('ve:max=1e9');

/**
 * A model that something else computes: ONNX Runtime, TensorFlow.js, a server. States go out and predictions come back at
 * each evaluation of a plan, one call at a time; solvers and their training stay on the device. Tables are distilled for
 * it, as they need no gradient. Beyond the noise levels of its process the model is told the last one, as networks are: what
 * learns may go there, and float32 may round there; what is sampled is refused by `sigmaRange`. Steps of its own for each trajectory (`integrate`), likelihoods and predictors that are
 * networks do not have it.
 * @throws FewstepError bad-field for an impossible dimension or size; in use where `predict` fails or returns another shape
 */
export function externalField(options: ExternalFieldOptions): Field {
  const { dim, denoise, process } = options;
  for (const [what, value] of Object.entries({ dim, most: options.most ?? 1 })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new FewstepError(
      'bad-field',
      `an external field has ${what} ${value}`,
      'give a whole number from 1 on',
    );
  }
  if (typeof options.predict !== 'function') {
    throw new FewstepError(
      'bad-field',
      `an external field has ${typeof options.predict} for predict`,
      'give a function of states [count, dim] and times [count] that returns [count, dim]',
    );
  }
  const denoiser = denoiserOf(options);
  return {
    kind: 'external',
    dim,
    denoise,
    outside: true,
    ...(process && { sigmaRange: rangeOf(process) }),
    async prepare(gpu) {
      const kernel = await gpu.kernel('field/outside', { constants: { DIM: dim } });
      return {
        ...operationOf(kernel),
        trajectoryBytes: 4 * dim,
        bind(batch) {
          const { STORAGE, COPY_DST } = GPUBufferUsage;
          const denoised = gpu.buffer('denoised elsewhere', STORAGE | COPY_DST, 4 * dim * batch.capacity);
          const group = kernel.bind({ ...shared(batch), denoised });
          return {
            async compute(states, sigmas) {
              gpu.device.queue.writeBuffer(denoised, 0, await denoiser(states, sigmas));
            },
            encode(pass, offset, count) {
              pass.setPipeline(kernel.pipeline);
              pass.setBindGroup(0, group, [offset]);
              pass.dispatchWorkgroups(...folded(Math.ceil((count * dim) / 64)));
            },
            destroy: () => denoised.destroy(),
          };
        },
      };
    },
  };
}

/** D of some states at a sigma each, one call at a time. */
function denoiserOf({
  dim,
  predict,
  prediction = 'x0',
  process = EXPLODING,
  most = Infinity,
}: ExternalFieldOptions) {
  const { sigmaMin, sigmaMax } = rangeOf(process);
  const translationAt = (sigma: number) =>
    translation(process, prediction, Math.min(sigmaMax, Math.max(sigmaMin, sigma)));
  let turn: Promise<unknown> = Promise.resolve();
  const denoised = async (states: Float32Array, sigmas: Float32Array) => {
    const all = new Float32Array(states.length);
    for (let first = 0; first < sigmas.length; first += most) {
      const count = Math.min(most, sigmas.length - first);
      let translated = translationAt(sigmas[first]);
      let of = sigmas[first];
      const translations = Array.from({ length: count }, (_, i) => {
        // Most batches have one sigma.
        if (sigmas[first + i] !== of) {
          of = sigmas[first + i];
          translated = translationAt(of);
        }
        return translated;
      });
      const part = states.subarray(first * dim, (first + count) * dim);
      const inputs = part.map((x, i) => translations[Math.floor(i / dim)].input * x);
      const predicted = await called(
        predict,
        inputs,
        Float32Array.from(translations, ({ time }) => time),
      );
      for (const [i, x] of part.entries()) {
        const { skip, out } = translations[Math.floor(i / dim)];
        all[first * dim + i] = skip * x + out * predicted[i];
      }
    }
    return all;
  };
  return (states: Float32Array, sigmas: Float32Array) => {
    const result = turn.then(() => denoised(states, sigmas));
    turn = result.catch(() => {});
    return result;
  };
}

async function called(
  predict: Predict,
  states: Float32Array,
  times: Float32Array,
): Promise<ArrayLike<number>> {
  let predicted: ArrayLike<number>;
  try {
    predicted = await predict(states, times);
  } catch (cause) {
    throw new FewstepError(
      'bad-field',
      `the external field failed: ${cause instanceof Error ? cause.message : cause}`,
      'correct its predict',
      { cause },
    );
  }
  if (predicted?.length === states.length) return predicted;
  throw new FewstepError(
    'bad-field',
    `the external field returned ${predicted?.length ?? predicted} numbers for ${times.length} states of ${states.length / times.length}`,
    'return an array of [count, dim] numbers',
  );
}

/** Noise levels that a process has. */
function rangeOf(process: Process): NonNullable<Field['sigmaRange']> {
  const { min, max } = process.range;
  return { sigmaMin: process.sigma(min), sigmaMax: process.sigma(max) };
}
