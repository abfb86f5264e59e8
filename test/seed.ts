import { afterEach } from 'vitest';

const chosen = process.env.FEWSTEP_TEST_SEED;
const first = chosen === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(chosen);
if (!Number.isInteger(first) || first < 0 || first >= 2 ** 31)
  throw new Error(`FEWSTEP_TEST_SEED must be a whole number from 0 to 2^31 - 1, not ${chosen}`);
let calls = 0;

/**
 * A fresh seed, another one at each call; a test that fails says what its file's first one was. FEWSTEP_TEST_SEED sets
 * that, so that a failure can be seen again.
 */
export const freshSeed = () => (first + 7919 * calls++) % 2 ** 31;

// A set-up file of vitest, which is run once for each file of tests.
afterEach(({ task }) => {
  if (calls === 0) return;
  for (const error of task.result?.errors ?? []) {
    const told = `${error.message}\n(FEWSTEP_TEST_SEED=${first} draws the same numbers again)`;
    error.stack = error.stack?.replace(error.message, () => told);
    error.message = told;
  }
});
