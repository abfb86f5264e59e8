import { decodeTable, encodeTable, type StoredTable } from '../solver/table-file.js';
import { checkSavedTo, readBytes, writeAtomic } from './files.js';

/**
 * Writes a table as JSON, atomically; see `encodeTable`.
 * @throws FewstepError as `encodeTable`; bad-argument for a path that is no text; file where it cannot be written
 */
export async function saveTable(path: string, table: StoredTable): Promise<void> {
  checkSavedTo(path);
  await writeAtomic(path, encodeTable(table));
}

/**
 * Reads a table from JSON; see `decodeTable`.
 * @throws FewstepError file where it cannot be read, bad-data naming what is wrong in it
 */
export async function loadTable(path: string): Promise<StoredTable> {
  return decodeTable(new TextDecoder().decode(await readBytes(path)), path);
}
