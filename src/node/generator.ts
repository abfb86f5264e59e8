import { decodeSidCheckpoint, encodeSidCheckpoint, type SidCheckpoint } from '../sid/checkpoint-file.js';
import { decodeGenerator, encodeGenerator, type StoredGenerator } from '../sid/generator-file.js';
import { checkSavedTo, readBytes, writeAtomic } from './files.js';

/**
 * Writes a generator as safetensors, atomically; see `encodeGenerator`.
 * @throws FewstepError as `encodeGenerator`; bad-argument for a path that is no text; file where it cannot be written
 */
export async function saveGenerator(path: string, generator: StoredGenerator): Promise<void> {
  checkSavedTo(path);
  await writeAtomic(path, encodeGenerator(generator));
}

/**
 * Reads a generator that `saveGenerator` wrote; see `decodeGenerator`.
 * @throws FewstepError file where it cannot be read, bad-data naming what is wrong in it
 */
export async function loadGenerator(path: string): Promise<ReturnType<typeof decodeGenerator>> {
  return decodeGenerator(await readBytes(path), path);
}

/** Writes a checkpoint of a distillation, atomically: being killed meanwhile leaves the one before it whole. */
export async function saveSidCheckpoint(path: string, checkpoint: SidCheckpoint): Promise<void> {
  await writeAtomic(path, encodeSidCheckpoint(checkpoint));
}

/** Reads a checkpoint that `saveSidCheckpoint` wrote; see `decodeSidCheckpoint`. */
export async function loadSidCheckpoint(path: string): Promise<SidCheckpoint> {
  return decodeSidCheckpoint(await readBytes(path), path);
}
