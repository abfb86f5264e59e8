import { FewstepError } from '../../errors.js';

/** Runs `work`, whose errors do not know the file that its input came from: they come out with its name. */
export function inFile<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw named(file, error);
  }
}

/** An error with the file that it is about, where the error is one of ours. */
export function named(file: string, error: unknown): unknown {
  if (!(error instanceof FewstepError)) return error;
  return new FewstepError(error.code, `${file}: ${error.message}`, error.remedy, { cause: error });
}
