import { decodePredictor, encodePredictor, type StoredPredictor } from '../predictor/predictor-file.js';
import { readBytes, writeAtomic } from './files.js';

/** Writes a predictor as safetensors, atomically; see `encodePredictor`. */
export async function savePredictor(path: string, predictor: StoredPredictor): Promise<void> {
  await writeAtomic(path, encodePredictor(predictor));
}

/** Reads a predictor that `savePredictor` wrote; see `decodePredictor`. */
export async function loadPredictor(path: string): Promise<ReturnType<typeof decodePredictor>> {
  return decodePredictor(await readBytes(path), path);
}
