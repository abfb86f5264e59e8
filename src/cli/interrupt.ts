import { FewstepError } from '../errors.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Runs `work` until it is done or somebody stops it with Ctrl-C (or SIGTERM). Its signal asks it to keep what is
 * finished and end; what is on the GPU cannot be called back, so nobody waits for it.
 *
 * @throws FewstepError `interrupted`, at once
 */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const stop = (name: NodeJS.Signals) => {
    controller.abort(
      new FewstepError('interrupted', `stopped by ${name}`, 'no half file is left; run again'),
    );
  };
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
  for (const name of SIGNALS) process.on(name, stop);
  try {
    return await Promise.race([work(signal), stopped]);
  } finally {
    for (const name of SIGNALS) process.off(name, stop);
  }
}

/**
 * Runs `work` and asks it to end early at Ctrl-C (or SIGTERM), waiting for what it does about that: saving what is
 * finished. A second Ctrl-C ends the process at once.
 *
 * @param plan what `work` does before it ends
 */
export async function untilFinished<T>(
  work: (signal: AbortSignal) => Promise<T>,
  plan = 'finishing the cell at hand, then saving',
): Promise<T> {
  const controller = new AbortController();
  const stop = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write(`\n${name}: ${plan}; once more to stop at once\n`);
    controller.abort(new FewstepError('interrupted', `stopped by ${name}`, 'run again'));
  };
  for (const name of SIGNALS) process.on(name, stop);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of SIGNALS) process.off(name, stop);
  }
}
