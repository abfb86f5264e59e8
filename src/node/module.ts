import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ErrorCode, FewstepError } from '../errors.js';
import { readBytes } from './files.js';

/**
 * The exports of a JavaScript module of the user's.
 * @param code of the error where it cannot be loaded
 * @param remedy what the module has to look like
 */
export async function importModule(
  path: string,
  code: ErrorCode,
  remedy: string,
): Promise<Record<string, unknown>> {
  await readBytes(path); // a missing file gets the message that every missing file gets
  try {
    return await import(/* @vite-ignore */ pathToFileURL(resolve(path)).href);
  } catch (cause) {
    throw new FewstepError(code, `cannot load ${path}: ${(cause as Error).message}`, remedy, { cause });
  }
}
