import { FewstepError } from '../errors.js';
import { type Prediction, type Translation, translation } from '../process/prediction.js';
import type { Process } from '../process/process.js';
import type { BoundField, Field } from './field.js';

/** The terms in which a model outside of the device speaks: its process, what it predicts, and what it is told for t. */
export class ModelTerms {
  /** Noise levels that its process has. */
  readonly range: NonNullable<Field['sigmaRange']>;

  constructor(
    private readonly process: Process,
    private readonly prediction: Prediction,
    private readonly modelTime: (t: number) => number = (t) => t,
  ) {
    const { min, max } = process.range;
    this.range = { sigmaMin: process.sigma(min), sigmaMax: process.sigma(max) };
  }

  /** How D comes out of its prediction at a sigma each; beyond the process' range, as at its end. */
  translations(sigmas: Float32Array): Translation[] {
    // Most batches have one sigma.
    let of = sigmas[0];
    let translated = this.at(of);
    return Array.from(sigmas, (sigma) => {
      if (sigma !== of) {
        of = sigma;
        translated = this.at(of);
      }
      return translated;
    });
  }

  private at(sigma: number): Translation {
    const { sigmaMin, sigmaMax } = this.range;
    const of = translation(this.process, this.prediction, Math.min(sigmaMax, Math.max(sigmaMin, sigma)));
    const time = this.modelTime(of.time);
    if (Number.isFinite(time)) return { ...of, time };
    throw new FewstepError(
      'bad-field',
      `the external field's modelTime is ${time} at t = ${of.time}`,
      'correct its modelTime',
    );
  }
}

/** Which condition each row of a run has, by the model's own numbers, where the model has some. */
export class RowConditions {
  readonly tell: BoundField['tell'];
  private rows: Uint32Array | undefined;

  /** @param chosen the model's numbers of the field's conditions: one alone is nothing that a run has to tell */
  constructor(chosen: readonly number[] | undefined, capacity: number) {
    if (chosen?.length === 1) this.rows = new Uint32Array(capacity).fill(chosen[0]);
    else if (chosen) {
      this.tell = (conditions) => {
        this.rows = conditions.map((condition) => chosen[condition]);
      };
    }
  }

  /** Those of the rows [first, end), as an entry of what the model is told, which may keep it. */
  of(first: number, end: number): { conditions?: Uint32Array } {
    return this.rows ? { conditions: this.rows.slice(first, end) } : {};
  }
}

/** Work of several runs that is done one after the other, such as calls of one session. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  take<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work);
    this.last = result.catch(() => {});
    return result;
  }
}

/**
 * What a function of the user's answers.
 * @throws FewstepError bad-field where it fails; the signal's reason where it was stopped
 */
export async function answerOf<T>(
  name: string,
  signal: AbortSignal | undefined,
  call: () => T | Promise<T>,
): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    signal?.throwIfAborted();
    throw new FewstepError(
      'bad-field',
      `the external field failed: ${cause instanceof Error ? cause.message : cause}`,
      `correct its ${name}`,
      { cause },
    );
  }
}
