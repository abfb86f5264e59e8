import * as v from 'valibot';
import type { StoredTensor } from '../io/safetensors.js';
import type { Predictor } from './predictor.js';

/** Makes the error of what is wrong with a predictor or its file. */
export type Refusal = (what: string, cause?: unknown) => Error;

/** How predictors of one kind stand in their files. */
export interface StoredKind<P extends Predictor> {
  /** What it has besides the entries and tensors of all kinds. */
  encode(
    predictor: P,
    refuse: Refusal,
  ): { metadata: Record<string, string>; tensors: Iterable<readonly [name: string, tensor: StoredTensor]> };
  /** What `encode` wrote; its plans are checked afterwards. */
  decode(file: PredictorReader): P;
}

/** A file as the kinds read it; every error names the file. */
export interface PredictorReader {
  solver: string;
  afs: boolean;
  /** Numbers in a state of the field that it was learned on. */
  dim: number;
  /** A JSON entry of the metadata. */
  entry<const Schema extends v.GenericSchema>(key: string, schema: Schema): v.InferOutput<Schema>;
  /** A tensor of this shape, where an axis of undefined may have any length. */
  tensor<A extends Float32Array | Float64Array>(
    key: string,
    type: new (length: number) => A,
    shape: readonly (number | undefined)[],
  ): StoredTensor & { values: A };
  bad: Refusal;
}

export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const finite = v.pipe(v.number(), v.finite());
export const positive = v.pipe(finite, v.gtValue(0));

/** Entries of a schedule whose times are given. */
export const scheduleEntries = {
  nfe: count,
  grid: v.string(),
  times: v.pipe(v.array(v.number()), v.minLength(2)),
};

/** One schedule or several. */
export const schedulesOf = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(v.array(v.strictObject(entries)), v.minLength(1));
