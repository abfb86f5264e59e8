import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { vulkanDrivers } from '../../src/node/vulkan-drivers.js';

const home = mkdtempSync(join(tmpdir(), 'fewstep-test-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

function manifest(folder: string, name: string, content: unknown): string {
  mkdirSync(join(home, folder), { recursive: true });
  const path = join(home, folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('vulkanDrivers', () => {
  it("reads manifests from the user's data folder, past those that are broken", () => {
    const folder = '.local/share/vulkan/icd.d';
    const good = manifest(folder, 'good.json', { ICD: { library_path: 'libgood.so' } });
    const broken = manifest(folder, 'broken.json', '{');
    const drivers = vulkanDrivers({ HOME: home });
    expect(drivers).toContainEqual({ manifest: good, library: 'libgood.so' });
    expect(drivers.map((driver) => driver.manifest)).not.toContain(broken);
  });

  it('sees only what VK_DRIVER_FILES names, files and folders', () => {
    const one = manifest('one', 'one.json', { ICD: { library_path: 'libone.so' } });
    const two = manifest('two', 'two.json', { ICD: { library_path: 'libtwo.so' } });
    const drivers = vulkanDrivers({ HOME: home, VK_DRIVER_FILES: `${one}:${join(home, 'two')}` });
    expect(drivers).toEqual([
      { manifest: one, library: 'libone.so' },
      { manifest: two, library: 'libtwo.so' },
    ]);
  });

  it('finds none where the named file does not exist', () => {
    expect(vulkanDrivers({ HOME: home, VK_ICD_FILENAMES: join(home, 'nowhere.json') })).toEqual([]);
  });
});
