/** Four words of 32 bits, unsigned. */
export type Words = readonly [number, number, number, number];

// Pairs of rotations of the eight rounds that repeat: on (x, y) and (z, w), then on (x, w) and (z, y).
const ROTATIONS = [
  [10, 26],
  [11, 21],
  [13, 27],
  [23, 5],
  [6, 20],
  [17, 11],
  [25, 10],
  [18, 20],
];

/**
 * Threefry-4x32 with 20 rounds (Salmon et al., 'Parallel random numbers: as easy as 1, 2, 3', SC 2011): the twin
 * of shaders/rng/threefry.wgsl.
 */
export function threefry4x32(key: Words, counter: Words): Words {
  const schedule = [...key, key.reduce((parity, word) => parity ^ word, 0x1bd11bda)];
  const x = counter.map((word, i) => (word + key[i]) | 0);
  for (let round = 0; round < 20; round++) {
    const [first, second] = ROTATIONS[round % 8];
    const [a, b] = round % 2 === 0 ? [1, 3] : [3, 1];
    mix(x, 0, a, first);
    mix(x, 2, b, second);
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      for (let i = 0; i < 4; i++) x[i] = (x[i] + schedule[(injection + i) % 5]) | 0;
      x[3] = (x[3] + injection) | 0;
    }
  }
  return [x[0] >>> 0, x[1] >>> 0, x[2] >>> 0, x[3] >>> 0];
}

function mix(x: number[], i: number, j: number, rotation: number): void {
  x[i] = (x[i] + x[j]) | 0;
  x[j] = ((x[j] << rotation) | (x[j] >>> (32 - rotation))) ^ x[i];
}

/**
 * The standard normals of one trajectory, [dim], in float64: the twin of shaders/rng/normal.wgsl, which draws the
 * same up to the rounding of float32.
 * @param seed integer from 0 to 2^53 - 1
 * @param trajectory index within the whole batch
 * @param step step of the solve, 0 for latents
 * @param stream which use of noise it is
 */
export function normals(
  seed: number,
  trajectory: number,
  step: number,
  stream: number,
  dim: number,
): Float64Array {
  const key: Words = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, 0, 0];
  const draws = new Float64Array(dim);
  for (let quad = 0; 4 * quad < dim; quad++) {
    const four = normal4(threefry4x32(key, [trajectory, quad, step, stream]));
    for (let lane = 0; lane < 4 && 4 * quad + lane < dim; lane++) draws[4 * quad + lane] = four[lane];
  }
  return draws;
}

/** Four normals by Box and Muller; the radius' uniform lies in (0, 1] and has 24 bits, as the angle's has. */
export function normal4(bits: Words): number[] {
  return [0, 2].flatMap((i) => {
    const radius = Math.sqrt(-2 * Math.log(((bits[i] >>> 8) + 1) * 2 ** -24));
    const angle = (bits[i + 1] >>> 8) * 2 ** -24 * 2 * Math.PI - Math.PI;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}
