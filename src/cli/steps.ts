import { type Progress, showProgress } from './progress.js';

/** What one submit should take, so that there is progress to show and Ctrl-C is heard. */
const SUBMIT_MS = 250;

/** A long run of steps on the GPU. */
export interface SteppedRun {
  /** In all. */
  readonly steps: number;
  /** Done. */
  readonly step: number;
  /** Steps that one submit may have. */
  readonly most: number;
  /** Does up to `most` steps; says how many, how long they took in milliseconds, and how it goes. */
  advance(most: number): Promise<{ count: number; ms: number; note: string }>;
  save(): Promise<void>;
  /** Saves and throws `interrupted`. */
  stop(): Promise<never>;
}

/**
 * Runs until all steps are done, with a checkpoint now and then.
 * @throws FewstepError `interrupted` when the signal says so, after a checkpoint
 */
export async function runSteps(run: SteppedRun, signal: AbortSignal, saveEveryMs: number): Promise<void> {
  let saved = performance.now();
  let wanted = 1;
  // Shown from the second submit on: the first waits for the compiler and says nothing of the time left.
  let progress: Progress | undefined;
  try {
    while (run.step < run.steps) {
      if (signal.aborted) await run.stop();
      const { count, ms, note } = await run.advance(wanted);
      wanted = Math.min(run.most, 2 * wanted, Math.max(1, Math.round((SUBMIT_MS * count) / ms)));
      if (progress) {
        progress.update(run.step, note);
      } else {
        progress = showProgress(run.steps, 'steps', process.stderr, run.step);
      }
      if (performance.now() - saved < saveEveryMs) continue;
      await run.save();
      saved = performance.now();
    }
  } finally {
    progress?.stop();
  }
}
