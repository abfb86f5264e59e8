import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { FewstepError } from '../errors.js';

/** A seeded source of random numbers on the host, for data sets, draws, projections and resampling. */
export interface Random {
  /** Uniform on [0, 1), a multiple of 2^-53. */
  uniform(): number;
  /** Uniform on [low, high). */
  between(low: number, high: number): number;
  /** Standard normal. */
  normal(): number;
  /** Uniform 32 random bits as a signed integer: the cheapest call. */
  bits(): number;
}

/**
 * xoroshiro128+ whose 128 bits of state are hashed from the seed and the stream, so that neighbouring seeds
 * and streams are unrelated.
 *
 * @param seed integer from 0 to 2^53 - 1
 * @param stream separates independent uses of one seed
 * @throws FewstepError `bad-argument` for a seed that is no such integer
 */
export function random(seed: number, stream = 0): Random {
  const generator = xoroshiro128plusFromState(stateFrom(seed, stream));
  let spare: number | undefined;
  return {
    uniform: () => uniformFloat64(generator),
    between: (low, high) => low + (high - low) * uniformFloat64(generator),
    normal() {
      if (spare !== undefined) {
        const kept = spare;
        spare = undefined;
        return kept;
      }
      const [first, second] = normalPair(generator);
      spare = second;
      return first;
    },
    bits: () => generator.next(),
  };
}

/** Two independent standard normals (Box and Muller, 1958). */
function normalPair(generator: RandomGenerator): [number, number] {
  const radius = Math.sqrt(-2 * Math.log(1 - uniformFloat64(generator)));
  const angle = 2 * Math.PI * uniformFloat64(generator);
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

function stateFrom(seed: number, stream: number): number[] {
  for (const [what, value] of Object.entries({ seed, stream })) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new FewstepError(
        'bad-argument',
        `${what} is ${value}`,
        `give an integer from 0 to ${Number.MAX_SAFE_INTEGER}`,
      );
    }
  }
  let hash = 0;
  for (const word of [seed, Math.floor(seed / 2 ** 32), stream, Math.floor(stream / 2 ** 32)]) {
    hash = mix(hash ^ (word | 0));
  }
  return [1, 2, 3, 4].map((word) => mix(hash + Math.imul(word, 0x9e3779b9)));
}

/** The finaliser of MurmurHash3: every bit of the input changes about half the bits of the output. */
function mix(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
