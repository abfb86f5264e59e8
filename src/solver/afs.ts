/**
 * The analytical first step, AFS (GENIE, arXiv 2210.05475; AMED, section 4): at the first time t the velocity is taken to
 * be x / sqrt(1 + t^2), hence D = x - t velocity, and the field is not evaluated.
 *
 * @returns both as shares of x
 */
export function analyticalFirst(t: number): { velocity: number; denoised: number } {
  const norm = Math.hypot(1, t);
  // 1 - t / norm, without the cancellation
  return { velocity: 1 / norm, denoised: 1 / (norm * (norm + t)) };
}
