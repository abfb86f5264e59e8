import { decodePredictor, encodePredictor, type StoredPredictor } from '../predictor/predictor-file.js';
import { checkSavedTo, readBytes, writeAtomic } from './files.js';

/**
 * Writes a predictor as safetensors, atomically; see `encodePredictor`.
 * @throws FewstepError as `encodePredictor`; bad-argument for a path that is no text; file where it cannot be written
 */
export async function savePredictor(path: string, predictor: StoredPredictor): Promise<void> {
  checkSavedTo(path);
  await writeAtomic(path, encodePredictor(predictor));
}

/**
 * Reads a predictor that `savePredictor` wrote; see `decodePredictor`.
 * @throws FewstepError file where it cannot be read, bad-data naming what is wrong in it
 */
export async function loadPredictor(path: string): Promise<ReturnType<typeof decodePredictor>> {
  return decodePredictor(await readBytes(path), path);
}
