import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { FewstepError } from '../errors.js';
import { splitArrayName } from '../io/npz.js';

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

/**
 * Refuses to write over what is read, or to write two things into one file, whatever links lead there.
 *
 * @param outputs files that are written, by the option that names them
 * @param inputs files that are read, of what need not be a file
 * @throws FewstepError bad-argument
 */
export function checkDistinct(
  outputs: Readonly<Record<string, string | undefined>>,
  inputs: Readonly<Record<string, string | undefined>>,
): void {
  const flags = new Map<string, string>();
  for (const [flag, path] of [...Object.entries(outputs), ...Object.entries(inputs)]) {
    if (path === undefined) continue;
    const place = placeOf(splitArrayName(path).path);
    const other = flags.get(place);
    if (other !== undefined && (flag in outputs || other in outputs)) {
      throw new FewstepError(
        'bad-argument',
        `${other} and ${flag} name the same file`,
        'give each a file of its own',
      );
    }
    flags.set(place, flag);
  }
}

/** A path without links, also of a file that is not there yet. */
function placeOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const whole = resolve(path);
    return dirname(whole) === whole ? whole : join(placeOf(dirname(whole)), basename(whole));
  }
}

/** More numbers than this in one array, 4 GiB of float32, is a slip of the finger. */
const MOST_NUMBERS = 2 ** 30;

/**
 * @param flag the option that says how many rows
 * @param states arrays of rows in one file
 * @param remedy what else one may do
 * @throws FewstepError bad-argument where a file would be larger than any that is meant
 */
export function checkSize(flag: string, rows: number, dim: number, states: number, remedy = ''): void {
  if (rows * dim * states <= MOST_NUMBERS) return;
  throw new FewstepError(
    'bad-argument',
    `${flag} ${rows} makes ${states === 1 ? '' : `${states} x `}${rows} x ${dim} numbers in one file`,
    `give at most ${Math.floor(MOST_NUMBERS / (dim * states))}${remedy}`,
  );
}

/** What a size that is too large has besides fewer rows, where each row is drawn by its index. */
export const MORE_SEEDS = ', and draw more with another --seed';

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
