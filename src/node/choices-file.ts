import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Choices } from '../gpu/choices.js';
import type { AdapterDescription } from '../gpu/gpu.js';
import { cacheFolder } from './cache-folder.js';

/**
 * What was measured of an adapter and driver, in a JSON file of the user's cache folder, so that it is measured once.
 * Without a folder to write it lasts as long as the process: a cache is no reason to fail.
 */
export async function choicesFile({ name, driver }: AdapterDescription): Promise<Choices> {
  const folder = await cacheFolder().catch(() => undefined);
  const plain = `${name} ${driver}`.replace(/[^A-Za-z0-9.]+/g, '-');
  const path = folder && join(folder, `measured-${plain}.json`);
  const known = new Map(Object.entries(contentOf(path)));
  return {
    get: (key) => known.get(key),
    set(key, value) {
      known.set(key, value);
      if (path) write(path, { ...contentOf(path), ...Object.fromEntries(known) });
    },
  };
}

function contentOf(path: string | undefined): Record<string, string> {
  if (!path) return {};
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const entries = Object.entries(content as object).filter(([, value]) => typeof value === 'string');
    return Object.fromEntries(entries);
  } catch {
    return {}; // none yet, or no JSON: what is measured next replaces it
  }
}

function write(path: string, content: Record<string, string>): void {
  const partial = `${path}.${process.pid}.partial`;
  try {
    writeFileSync(partial, `${JSON.stringify(content, null, 2)}\n`);
    renameSync(partial, path);
  } catch {
    // The folder is full or gone: it is measured again next time.
  }
}
