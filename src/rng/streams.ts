/**
 * Streams of random numbers: each use of noise has its own, so that no two share numbers where they share a seed.
 * Training has those from 16 on (`src/train/draws.ts`).
 */
export const LATENT_STREAM = 0;
/** What stochastic solvers add in their steps. */
export const SOLVER_STREAM = 1;
/** Of noised data. */
export const DIFFUSE_STREAM = 24;
