import { FewstepError } from '../errors.js';
import type { Denoise } from './field.js';

/**
 * D(x, sigma) of one state in float64, as a user writes it.
 * @param x state [dim]
 * @param sigma noise level, > 0
 * @param out where D may be written, [dim]
 * @param condition of a field that has several
 * @returns D as an array [dim], or nothing where it is in `out`
 */
export type UserDenoise = (x: Float64Array, sigma: number, out: Float64Array, condition?: number) => unknown;

/** Words of a NaN that no arithmetic makes: where it stands, nothing was written. A NaN of the user's is found as such. */
const UNWRITTEN = 0x7ff8dead;

/**
 * A user's D in float64, with D in `out` however it was given.
 * @throws FewstepError bad-field, in use, where it neither writes all of `out` nor returns as many numbers
 */
export function userDenoise(denoise: UserDenoise, dim: number): Denoise {
  return (x, sigma, out, condition) => {
    const words = new Uint32Array(out.buffer, out.byteOffset, 2 * dim).fill(UNWRITTEN);
    const returned = denoise(x, sigma, out, condition) as ArrayLike<number> | undefined;
    if (returned !== undefined && returned?.length !== dim) {
      throw refused(`returned ${returned?.length ?? returned} numbers for a state of ${dim}`);
    }
    if (returned) out.set(returned);
    const missing = words.findIndex((word, i) => i % 2 === 0 && word === UNWRITTEN && words[i + 1] === word);
    if (missing >= 0) throw refused(`left number ${missing / 2} of ${dim} unwritten`);
  };
}

function refused(what: string): FewstepError {
  return new FewstepError(
    'bad-field',
    `the field's float64 form ${what}`,
    'write D into out, the third argument, or return it: as many numbers as the state has',
  );
}
