import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../mlp/checkpoint-file.js';
import { decodeModel, encodeModel, type StoredModel } from '../mlp/model-file.js';
import { checkSavedTo, readBytes, writeAtomic } from './files.js';

/**
 * Writes a model as safetensors, atomically; see `encodeModel`.
 * @throws FewstepError as `encodeModel`; bad-argument for a path that is no text; file where it cannot be written
 */
export async function saveModel(path: string, model: StoredModel): Promise<void> {
  checkSavedTo(path);
  await writeAtomic(path, encodeModel(model));
}

/**
 * Reads a model that `saveModel` wrote; see `decodeModel`.
 * @throws FewstepError file where it cannot be read, bad-data naming what is wrong in it
 */
export async function loadModel(path: string): Promise<ReturnType<typeof decodeModel>> {
  return decodeModel(await readBytes(path), path);
}

/** Writes a checkpoint as safetensors, atomically: being killed meanwhile leaves the one before it whole. */
export async function saveCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  await writeAtomic(path, encodeCheckpoint(checkpoint));
}

/** Reads a checkpoint that `saveCheckpoint` wrote; see `decodeCheckpoint`. */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  return decodeCheckpoint(await readBytes(path), path);
}
