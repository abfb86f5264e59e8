import { type UnzipFileInfo, unzipSync } from 'fflate';
import { FewstepError } from '../errors.js';
import type { NdArray } from './array.js';
import { parseNpy } from './npy.js';

/** Whether the bytes begin as a zip archive does (also an empty one). */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5);
}

/** Splits "data.npz:train" into the file and the array that is meant; any other path is left whole. */
export function splitArrayName(path: string): { path: string; array?: string } {
  const match = /^(.*\.npz):([^:\\]+)$/i.exec(path);
  return match ? { path: match[1], array: match[2] } : { path };
}

/**
 * Reads one array of NumPy's .npz archive: the named one, or the only one.
 *
 * @param name the file, for errors
 * @param array the array's name, without ".npy"
 * @throws `bad-data` for a damaged archive or one without arrays, `unknown-name` for a name that is not there,
 *   `bad-argument` when there are several and none is named
 */
export function parseNpz(bytes: Uint8Array, name: string, array?: string): NdArray {
  const names: string[] = [];
  unzip(bytes, name, (file) => {
    if (file.name.endsWith('.npy')) names.push(file.name.slice(0, -'.npy'.length));
    return false;
  });
  const chosen = chooseArray(names, name, array);
  const entry = `${chosen}.npy`;
  return parseNpy(unzip(bytes, name, (file) => file.name === entry)[entry], `${name}:${chosen}`);
}

function chooseArray(names: readonly string[], name: string, array: string | undefined): string {
  if (names.length === 0) {
    throw new FewstepError(
      'bad-data',
      `${name} is a zip archive without .npy arrays`,
      'write it with numpy.savez',
    );
  }
  if (array === undefined && names.length > 1) {
    throw new FewstepError(
      'bad-argument',
      `${name} holds ${names.length} arrays: ${names.join(', ')}`,
      `say which, as in ${name}:${names[0]}`,
    );
  }
  if (array !== undefined && !names.includes(array)) {
    throw new FewstepError(
      'unknown-name',
      `${name} has no array '${array}'`,
      `it holds: ${names.join(', ')}`,
    );
  }
  return array ?? names[0];
}

function unzip(bytes: Uint8Array, name: string, filter: (file: UnzipFileInfo) => boolean) {
  try {
    return unzipSync(bytes, { filter });
  } catch (cause) {
    throw new FewstepError(
      'bad-data',
      `${name} is a truncated or damaged .npz archive (${(cause as Error).message})`,
      'copy the file again, or write it again with numpy.savez',
      { cause },
    );
  }
}
