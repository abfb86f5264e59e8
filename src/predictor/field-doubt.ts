import { type Fingerprint, sameField } from '../field/fingerprint.js';
import type { Predictor } from './predictor.js';
import type { StoredPredictor } from './predictor-file.js';

/** What there is against using a predictor on a field that it was not distilled on. */
export interface FieldDoubt {
  /**
   * How what it learned does there. 'in-part': answers, times and bespoke tables still do something, and `sample` says
   * so; 'guess': what a network answers there is one, and `sample` refuses it; 'not-at-all': it cannot run there as it
   * should, having learned on states of other numbers.
   */
  transfers: 'in-part' | 'guess' | 'not-at-all';
  /** What that means here: 'what it learned transfers in part'. */
  consequence: string;
  /** What it was distilled on, beside what it is given, for people: 'another mlp field of 64 numbers than this one'. */
  difference: string;
  /** The predictor, the difference and the consequence, for people. */
  message: string;
  /** What can be done about it. */
  remedy: string;
}

/**
 * Compares a field with the one that a predictor was distilled on, by their values at the probes of both fingerprints:
 * see `sameField`. It computes nothing on a field and refuses nothing; `sample` asks it where it is given what
 * `loadPredictor`, `decodePredictor` or `distill` return.
 * @param stored what was learned, and its field's fingerprint
 * @param fingerprint `comparedFingerprint` of the field that it is to run on
 * @param words what that field is called, where its own is to be told too
 * @returns undefined where both are the same field, as far as their values tell
 */
export function fieldDoubtOf(
  { predictor, field: learned, training }: Pick<StoredPredictor, 'predictor' | 'field' | 'training'>,
  fingerprint: Fingerprint,
  words?: string,
): FieldDoubt | undefined {
  if (sameField(learned, fingerprint)) return undefined;
  const sameDim = learned.dim === fingerprint.dim;
  const difference = differenceOf(
    learned,
    fingerprint,
    words === undefined ? {} : { words, own: training?.field },
  );
  const doubt = (transfers: FieldDoubt['transfers'], consequence: string, remedy: string): FieldDoubt => ({
    transfers,
    difference,
    consequence,
    message: `the predictor of ${predictor.solver} was distilled on ${difference}: ${consequence}`,
    remedy,
  });
  const again = 'use the field that it was distilled on, or distil again';
  if (predictor.kind === 'bespoke' && !sameDim) {
    return doubt(
      'not-at-all',
      "the mean of the data that its solver uses is another's",
      'use a field of as many numbers, or distil again',
    );
  }
  if (predictor.kind === 'network' && !sameDim && predictor.config.reads !== 'times') {
    return doubt('not-at-all', 'its network cannot read this one', again);
  }
  if (hasNetworks(predictor)) return doubt('guess', 'what its network answers here is a guess', again);
  return doubt('in-part', 'what it learned transfers in part', 'distil on this field to have its best');
}

/** @param names of the field that was learned, and of the one that is given */
function differenceOf(
  learned: Fingerprint,
  field: Fingerprint,
  { own, words }: { own?: string; words?: string },
): string {
  const what = ({ kind, dim, conditions }: Fingerprint) =>
    `${kind} field of ${dim} numbers${conditions === undefined ? '' : ` under ${conditions} conditions`}`;
  if (what(learned) !== what(field)) {
    const named = (each: Fingerprint, name: string | undefined) =>
      `${/^([aeiou]|mlp)/.test(each.kind) ? 'an' : 'a'} ${what(each)}${name === undefined ? '' : ` (${name})`}`;
    return `${named(learned, own)}, and this is ${named(field, words)}`;
  }
  const another = `another ${what(learned)} than this one`;
  if (own === undefined) return another;
  return own === words
    ? `${another}, though both are called ${words}`
    : `${another}: on ${own}, and this is ${words}`;
}

function hasNetworks(predictor: Predictor): boolean {
  if (predictor.kind === 'bespoke') return predictor.schedules.some(({ network }) => network);
  return predictor.kind === 'network';
}
