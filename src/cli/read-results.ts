import { FewstepError } from '../errors.js';
import { readBytes } from '../node/files.js';
import { parseResults } from '../report/parse-results.js';
import type { Results } from '../report/results.js';

/** The results.json of a run. @throws FewstepError file where there is none; bad-data where it is not such a file */
export async function readResults(path: string): Promise<Results> {
  const text = new TextDecoder().decode(await readBytes(path));
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new FewstepError(
      'bad-data',
      `${path} is not JSON: ${(cause as Error).message}`,
      'give the results.json of a run',
      { cause },
    );
  }
  return parseResults(json, path);
}
