import { CommanderError } from 'commander';
import { FewstepError } from '../src/errors.js';

/** Does a bench's work and ends the process: with status 2 and a line of what to do where it was asked for wrongly. */
export async function leaveAfter(work: () => Promise<void>): Promise<never> {
  try {
    await work();
    process.exit(); // Dawn's threads keep Node alive
  } catch (error) {
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2); // it has spoken already
    if (!(error instanceof FewstepError)) throw error;
    console.error(`error: ${error.message}\n  ${error.remedy}`);
    process.exit(2);
  }
}
