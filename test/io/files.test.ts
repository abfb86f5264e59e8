import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeNpy } from '../../src/io/npy.js';
import { loadArray, loadDataSet, readBytes, saveNpy, writeAtomic } from '../../src/node/files.js';
import { expectRefusal } from '../refusal.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fewstep-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('readBytes', () => {
  it('refuses what is missing, a directory, below a file or unreadable', async () => {
    await writeFile(join(folder, 'file'), 'x');
    await symlink('loop', join(folder, 'loop'));
    const read = (name: string) => () => readBytes(join(folder, name));
    await expectRefusal(read('no'), 'file', /^cannot read .*no: there is no such file$/);
    await expectRefusal(read('.'), 'file', /it is a directory$/);
    await expectRefusal(read('file/below'), 'file', /a part of the path is a file/);
    await expectRefusal(read('loop'), 'file', /cannot read .*loop: ELOOP/);
  });
});

describe('writeAtomic', () => {
  it('makes folders, replaces what was there and leaves nothing else', async () => {
    const path = join(folder, 'a', 'b', 'out.txt');
    await writeAtomic(path, 'first');
    await writeAtomic(path, new TextEncoder().encode('second'));
    expect(await readFile(path, 'utf8')).toBe('second');
    expect(await readdir(join(folder, 'a', 'b'))).toEqual(['out.txt']);
  });

  it('leaves no half file: at every moment the old or the new content is there', async () => {
    const path = join(folder, 'out.bin');
    const contents = [new Uint8Array(1 << 20).fill(1), new Uint8Array(1 << 20).fill(2)];
    await writeAtomic(path, contents[0]);
    const writing = writeAtomic(path, contents[1]);
    let finished = false;
    writing.finally(() => {
      finished = true;
    });
    while (!finished) {
      const seen = await readFile(path);
      expect(seen.length).toBe(1 << 20);
      expect(seen[0]).toBe(seen[seen.length - 1]);
    }
    await writing;
  });

  it('removes its temporary file when it fails', async () => {
    await mkdir(join(folder, 'taken', 'inside'), { recursive: true });
    await expectRefusal(
      () => writeAtomic(join(folder, 'taken'), 'x'),
      'file',
      /^cannot write .*taken: it is a dir/,
    );
    expect(await readdir(folder)).toEqual(['taken']);
  });

  it('refuses a path below a file', async () => {
    await writeFile(join(folder, 'file'), 'x');
    const call = () => writeAtomic(join(folder, 'file', 'out'), 'x');
    await expectRefusal(call, 'file', /^cannot write .*: a part of the path is a file/);
    expect(await readdir(folder)).toEqual(['file']);
  });
});

describe('loading and saving', () => {
  it('saves an array and loads it as an array and as a data set', async () => {
    const path = join(folder, 'x.npy');
    await saveNpy(path, [2, 2], Float32Array.of(1, 2, 3, 4));
    const values = Float64Array.of(1, 2, 3, 4);
    expect(await loadArray(path)).toEqual({ shape: [2, 2], dtype: 'float32', values });
    expect(await loadDataSet(path, { columns: '1' })).toMatchObject({
      rows: 2,
      values: Float64Array.of(2, 4),
    });
  });

  it('opens an archive by the name of its array', async () => {
    const path = join(folder, 'x.npz');
    await writeFile(path, zipSync({ 'a.npy': writeNpy([1], Float64Array.of(5)) }));
    expect((await loadArray(`${path}:a`)).values).toEqual(Float64Array.of(5));
    expect((await loadDataSet(`${path}:a`)).rows).toBe(1);
    await expectRefusal(() => loadArray(`${path}:b`), 'unknown-name', /x\.npz has no array 'b'/);
  });
});
