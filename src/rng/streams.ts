/** Streams of random numbers: each use of noise has its own, so that no two share numbers where they share a seed. */
export const LATENT_STREAM = 0;
/** What stochastic solvers add in their steps. */
export const SOLVER_STREAM = 1;
/** Of noised data. */
export const DIFFUSE_STREAM = 2;
/** The choice of rows and noise levels in training, and one further the noise itself; then those of validation. */
export const TRAINING_STREAM = 16;
export const VALIDATION_STREAM = 18;
/** Labels and noise levels in a distillation into a generator, then its latents, then the noise. */
export const SID_STREAM = 24;
/** Rademacher probes of a divergence. */
export const PROBE_STREAM = 32;
/** Of the states of a Fokker-Planck residual. */
export const RESIDUAL_STREAM = 33;
