import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { checkText } from '../arguments.js';
import { FewstepError } from '../errors.js';
import type { NdArray } from '../io/array.js';
import type { DataSet } from '../io/dataset.js';
import { writeNpy } from '../io/npy.js';
import { splitArrayName } from '../io/npz.js';
import { type DataSetOptions, parseArray, parseDataSet } from '../io/parse.js';

/**
 * Reads a whole file.
 *
 * @throws `file` when it is missing, a directory or unreadable
 */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw fileError('read', path, cause);
  }
}

/** Temporary files of writes in progress: a process that is told to stop takes them along. */
const unfinished = new Set<string>();
process.on('exit', () => {
  for (const path of unfinished) rmSync(path, { force: true });
});

/**
 * Refuses the arguments of a save in the wrong order, before what is no path is looked at.
 * @throws FewstepError bad-argument
 */
export function checkSavedTo(path: unknown): void {
  checkText('the path', path, 'give it first, then what is to be saved');
}

/**
 * Writes a file so that it is either whole or not there: into a temporary file beside it, flushed to the disk,
 * then renamed over what was there before. Missing folders are made.
 *
 * @throws `file` when it cannot be written; the temporary file is removed
 */
export async function writeAtomic(path: string, content: Uint8Array | string): Promise<void> {
  // In the same folder, since a rename cannot cross file systems.
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  unfinished.add(temporary);
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    // The first error is the one to report, also when there is nothing to remove.
    await rm(temporary, { force: true }).catch(() => {});
    throw fileError('write', path, cause);
  } finally {
    unfinished.delete(temporary);
  }
}

/** Reads a data set from a file; see `parseDataSet`. "file.npz:array" chooses an array of an archive. */
export async function loadDataSet(path: string, options: DataSetOptions = {}): Promise<DataSet> {
  return parseDataSet(path, await readBytes(splitArrayName(path).path), options);
}

/** Reads an array from .npy, .npz or IDX; see `parseArray`. "file.npz:array" chooses an array of an archive. */
export async function loadArray(path: string): Promise<NdArray> {
  return parseArray(path, await readBytes(splitArrayName(path).path));
}

/** Writes an array of the given shape as .npy, atomically; see `writeNpy`. */
export async function saveNpy(
  path: string,
  shape: readonly number[],
  values: Float32Array | Float64Array,
): Promise<void> {
  checkSavedTo(path);
  await writeAtomic(path, writeNpy(shape, values));
}

const REASONS: Record<string, [what: string, remedy: string]> = {
  ENOENT: ['there is no such file', 'check the path; it is taken relative to the current folder'],
  EISDIR: ['it is a directory', 'give the path of a file'],
  ENOTDIR: ['a part of the path is a file, not a directory', 'check the path'],
  // What making a folder says when a file has its name.
  EEXIST: ['a part of the path is a file, not a directory', 'check the path'],
  EACCES: ['permission denied', 'change its permissions (ls -l shows them), or use another path'],
  EPERM: ['not permitted', 'change its permissions, or use another path'],
  EROFS: ['the file system is read-only', 'use a path on a file system that can be written'],
  ENOSPC: ['the disk is full', 'free some space, or use another disk'],
  ERR_FS_FILE_TOO_LARGE: ['it is larger than 2 GiB', 'split it, or store it in a narrower element type'],
};

function fileError(action: 'read' | 'write', path: string, cause: unknown): FewstepError {
  const error = cause as NodeJS.ErrnoException;
  const [what, remedy] = REASONS[error.code ?? ''] ?? [error.message, 'check the path and the disk'];
  return new FewstepError('file', `cannot ${action} ${path}: ${what}`, remedy, { cause });
}
