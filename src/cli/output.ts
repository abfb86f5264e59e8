import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { FewstepError } from '../errors.js';

/**
 * Checks before a long run that a file can be written at its end; its folder need not exist yet.
 *
 * @param flag the option that names the file, for errors
 * @param extension what its name must end in
 * @throws FewstepError `bad-argument`, or `file`
 */
export function checkOutput(flag: string, path: string, extension = '.npy'): void {
  if (statOf(path)?.isDirectory()) {
    throw new FewstepError(
      'file',
      `${flag} ${path} is a directory`,
      `give a file in it: ${path}/x${extension}`,
    );
  }
  if (!path.toLowerCase().endsWith(extension)) {
    throw new FewstepError(
      'bad-argument',
      `${flag} ${path}: only ${extension} files are written`,
      `give a name that ends in ${extension}`,
    );
  }
  checkFolder(flag, dirname(path));
}

/**
 * Checks before a long run that files can be written into a folder at its end; it need not exist yet.
 *
 * @throws FewstepError `file`
 */
export function checkFolder(flag: string, folder: string): void {
  let existing = resolve(folder);
  while (!statOf(existing)) existing = dirname(existing);
  if (!statOf(existing)?.isDirectory()) {
    throw new FewstepError('file', `${flag}: ${existing} is a file, not a folder`, 'choose another path');
  }
  try {
    accessSync(existing, constants.W_OK);
  } catch (cause) {
    throw new FewstepError('file', `${flag}: cannot write in ${existing}`, 'choose another path', { cause });
  }
}

function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // a part of the path is a file: the part itself is found further up
  }
}

/** A model's or a predictor's file without its ending. */
export function stemOf(file: string): string {
  return file.replace(/\.safetensors$/i, '');
}
