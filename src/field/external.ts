import { checkEntries, type Entries, shown } from '../arguments.js';
import { FewstepError } from '../errors.js';
import { parseProcess } from '../process/built-in.js';
import { type Prediction, parsePrediction } from '../process/prediction.js';
import { checkProcess, type Process } from '../process/process.js';
import { type PredictOnDevice, prepareOnDevice } from './external-device.js';
import { type Predict, prepareOnHost } from './external-host.js';
import { ModelTerms, Turns } from './external-terms.js';
import type { Denoise, Field } from './field.js';
import { type UserDenoise, userDenoise } from './user-denoise.js';

/** A model as a field needs to know it. There is either `predict` or `predictOnDevice`. */
export interface ExternalFieldOptions {
  /** Numbers in a state. */
  dim: number;
  /** The model, over arrays: wherever it runs. */
  predict?: Predict;
  /** In its place: the model over buffers of the device that solves, so that nothing goes through the host. */
  predictOnDevice?: PredictOnDevice;
  /** What is predicted; by default 'x0', which is D itself. */
  prediction?: Prediction;
  /**
   * What the model was trained on: 'vp-linear' or another name that `parseProcess` reads, or `defineProcess({ .. })`. By
   * default x_t = x and t = sigma.
   */
  process?: string | Process;
  /** What the model is told in place of t, such as t => 999 * t for a model of 1,000 steps. By default t itself. */
  modelTime?: (t: number) => number;
  /**
   * How many conditions it knows, such as labels or prompts: `predict` is then told which one each state has, by number.
   * By default it has none.
   */
  conditions?: number;
  /** Which of them are conditions of the field, by number: one, or several. By default all. */
  condition?: number | readonly number[];
  /** The most states that it takes at once. By default all of a batch. */
  most?: number;
  /** D(x, sigma) in float64, for the reference executor, under a condition where it has some. */
  denoise?: UserDenoise;
}

const ENTRIES: Entries<ExternalFieldOptions> = {
  dim: true,
  predict: false,
  predictOnDevice: false,
  prediction: false,
  process: false,
  modelTime: false,
  most: false,
  conditions: false,
  condition: false,
  denoise: false,
};

/** x_t is x itself, and t is sigma, up to whatever one likes. */
const EXPLODING = parseProcess('ve:max=1e9');

/**
 * A model that something else computes: ONNX Runtime, TensorFlow.js, a server. States go out and predictions come back at
 * each evaluation of a plan, one call at a time, except that nobody waits for that of a run which was stopped; solvers and
 * their training stay on the device. One that computes on this
 * very device, `predictOnDevice`, is handed buffers, and nobody waits for it. Tables are distilled for it, as they need no
 * gradient; steps of its own for each trajectory (`integrate`), likelihoods and predictors that are networks do not have it.
 *
 * Beyond the noise levels of its process the model is told the last one, as networks are: what learns may go there, and
 * float32 may round there; what is sampled is refused by `sigmaRange`.
 * @throws FewstepError bad-argument for other entries, or a process that is none; unknown-name for a process or a
 *   prediction; bad-field for an impossible dimension or size, and unless there is one function; in use where it fails or
 *   returns another shape
 */
export function externalField(options: ExternalFieldOptions): Field {
  checkEntries("externalField's options", options, ENTRIES);
  const { dim, denoise, modelTime, predict, predictOnDevice, prediction = 'x0', most, conditions } = options;
  checkNumbers({ dim, most: most ?? 1, ...(conditions !== undefined && { conditions }) });
  checkFunction(options);
  const chosen = chosenOf(options);
  const process = options.process === undefined ? undefined : processFrom(options.process);
  const terms = new ModelTerms(process ?? EXPLODING, parsePrediction(prediction), modelTime);
  const model = { dim, most: most ?? Infinity, terms, turns: new Turns(), chosen };
  return {
    kind: 'external',
    dim,
    denoise: denoise && denoiseUnder(chosen, userDenoise(denoise, dim)),
    outside: true,
    ...(chosen && chosen.length > 1 && { conditions: chosen.length }),
    ...(options.condition !== undefined && { whole: externalField({ ...options, condition: undefined }) }),
    ...(process && { sigmaRange: terms.range }),
    prepare: (gpu) =>
      predictOnDevice
        ? prepareOnDevice(gpu, { ...model, predict: predictOnDevice })
        : prepareOnHost(gpu, { ...model, predict: predict! }),
  };
}

/** D under the conditions that were chosen. */
function denoiseUnder(chosen: readonly number[] | undefined, denoise: Denoise): Denoise {
  return chosen ? (x, sigma, out, condition = 0) => denoise(x, sigma, out, chosen[condition]) : denoise;
}

/** The model's own numbers of the field's conditions. */
function chosenOf({ conditions, condition }: ExternalFieldOptions): readonly number[] | undefined {
  if (condition === undefined) return conditions === undefined ? undefined : [...Array(conditions).keys()];
  const chosen = Array.isArray(condition) ? [...condition] : [condition as number];
  const wrong = chosen.find((each) => !(Number.isInteger(each) && each >= 0 && each < (conditions ?? 0)));
  if (chosen.length > 0 && wrong === undefined) return chosen;
  throw new FewstepError(
    'bad-field',
    wrong === undefined
      ? 'the list of conditions is empty'
      : `the condition is ${shown(wrong)}, of an external field with ${conditions ?? 0} conditions`,
    conditions === undefined ? 'say how many there are: conditions' : `give some from 0 to ${conditions - 1}`,
  );
}

function processFrom(given: string | Process): Process {
  if (typeof given === 'string') return parseProcess(given);
  checkProcess('an external field', given, "give a name, such as 'vp-linear'");
  return given;
}

function checkNumbers(numbers: Record<string, number>): void {
  for (const [what, value] of Object.entries(numbers)) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new FewstepError(
      'bad-field',
      `an external field has ${what} ${value}`,
      'give a whole number from 1 on',
    );
  }
}

function checkFunction({ predict, predictOnDevice, modelTime, denoise }: ExternalFieldOptions): void {
  if (denoise !== undefined && typeof denoise !== 'function') {
    throw new FewstepError(
      'bad-field',
      `an external field has ${shown(denoise)} for denoise`,
      'give a function of x, sigma and out, or none',
    );
  }
  if (modelTime !== undefined && typeof modelTime !== 'function') {
    throw new FewstepError(
      'bad-field',
      `an external field has ${typeof modelTime} for modelTime`,
      'give a function of t, such as t => 999 * t, or none',
    );
  }
  const given = [predict, predictOnDevice].filter((each) => each !== undefined);
  if (given.length === 1 && typeof given[0] === 'function') return;
  throw new FewstepError(
    'bad-field',
    given.length === 2
      ? 'an external field has predict and predictOnDevice'
      : `an external field has ${typeof given[0]} for ${predictOnDevice === undefined ? 'predict' : 'predictOnDevice'}`,
    'give one function: predict, of states [count, dim] and times [count], which returns [count, dim], or predictOnDevice, ' +
      'of buffers with them, which returns a buffer',
  );
}
