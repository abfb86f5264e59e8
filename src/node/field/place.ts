import { FewstepError } from '../../errors.js';

/** Runs `work`, whose errors do not know the file that its input came from: they come out with its name. */
export function inFile<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof FewstepError)) throw error;
    throw new FewstepError(error.code, `${file}: ${error.message}`, error.remedy, { cause: error });
  }
}
