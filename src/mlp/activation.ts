export function sigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z));
}

/** SiLU in float64: the twin of shaders/mlp/activation.wgsl. */
export function silu(z: number): number {
  return z / (1 + Math.exp(-z));
}

export function siluSlope(z: number): number {
  const s = sigmoid(z);
  return s * (1 + z * (1 - s));
}
