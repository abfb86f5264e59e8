/** How long the host may compute before it lets others (a progress bar, Ctrl-C) run. */
const TURN_MS = 50;

/**
 * What long work on the host calls between its parts: it lets others run where a turn is over.
 * @param onTurn called before they do
 * @returns rejects with what the signal says once that is aborted
 */
export function hostTurns(
  signal?: AbortSignal,
  onTurn?: (done: number) => void,
): (done: number) => Promise<void> {
  let began = performance.now();
  return async (done) => {
    if (performance.now() - began < TURN_MS) return;
    onTurn?.(done);
    await new Promise((resume) => setTimeout(resume));
    signal?.throwIfAborted();
    began = performance.now();
  };
}
