/** Short enough not to be felt, long enough that waking up costs nothing: milliseconds. */
const NAP_MS = 0.2;

const never = new Int32Array(new SharedArrayBuffer(4));
let waiting = 0;
let turning = false;

/**
 * Sleeps between turns of the event loop until `work` is settled. While anything is awaited of a device, Dawn asks the
 * driver in every turn, without a pause, which takes a whole core; a software adapter wants that core for itself.
 */
export function sleepWhile(work: Promise<unknown>): void {
  waiting++;
  const done = () => {
    waiting--;
  };
  work.then(done, done);
  if (!turning) setImmediate(turn);
  turning = true;
}

function turn(): void {
  turning = waiting > 0;
  if (!turning) return;
  Atomics.wait(never, 0, 0, NAP_MS);
  setImmediate(turn);
}
