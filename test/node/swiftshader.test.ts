import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { findSwiftShader } from '../../src/node/swiftshader.js';

const offered = process.platform === 'linux' && process.arch === 'x64';
const FILES = ['libvk_swiftshader.so', 'libvulkan.so.1', 'vk_swiftshader_icd.json'];
const scratch = mkdtempSync(join(tmpdir(), 'fewstep-test-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

describe.skipIf(!offered)('SwiftShader from its package (x86-64 Linux only)', () => {
  // node_modules is found from a folder inside the project.
  const program = join(import.meta.dirname, `unpack-${process.pid}.partial`, 'unpack.mjs');
  beforeAll(() =>
    build({
      stdin: {
        contents: `import { findSwiftShader } from './swiftshader.ts'; console.log((await findSwiftShader()).folder);`,
        resolveDir: join(import.meta.dirname, '../../src/node'),
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: program,
    }),
  );
  afterAll(() => rmSync(join(program, '..'), { recursive: true, force: true }));

  it('is unpacked whole, once, by processes that start together', async () => {
    const cache = join(scratch, 'together');
    const runs = [0, 1, 2].map(() =>
      promisify(execFile)(process.execPath, [program], { env: { ...process.env, XDG_CACHE_HOME: cache } }),
    );
    const folders = (await Promise.all(runs)).map(({ stdout }) => stdout.trim());
    expect(new Set(folders).size).toBe(1);
    expect(readdirSync(folders[0]).sort()).toEqual(FILES);
    expect(statSync(join(folders[0], 'libvk_swiftshader.so')).size).toBeGreaterThan(1e6);
    // Nothing half unpacked stays beside it.
    expect(readdirSync(join(cache, 'fewstep'))).toHaveLength(1);
  });

  it('is not unpacked again', async () => {
    vi.stubEnv('XDG_CACHE_HOME', join(scratch, 'again'));
    const first = await findSwiftShader();
    const before = statSync(first!.driver).ino;
    const second = await findSwiftShader();
    expect(second).toEqual(first);
    expect(statSync(second!.driver).ino).toBe(before);
  });

  it('goes to the next folder when the first cannot be a cache', async () => {
    const blocked = join(scratch, 'a-file');
    writeFileSync(blocked, '');
    vi.stubEnv('XDG_CACHE_HOME', blocked);
    vi.stubEnv('HOME', join(scratch, 'home'));
    expect((await findSwiftShader())!.folder).toContain(join(scratch, 'home', '.cache', 'fewstep'));
  });

  it('says what to do when no folder can be written', async () => {
    const blocked = join(scratch, 'blocked');
    writeFileSync(blocked, '');
    chmodSync(blocked, 0o400);
    for (const name of ['XDG_CACHE_HOME', 'HOME', 'TMPDIR']) vi.stubEnv(name, blocked);
    await expect(findSwiftShader()).rejects.toMatchObject({
      code: 'file',
      message: expect.stringContaining(blocked),
      remedy: expect.stringContaining('XDG_CACHE_HOME'),
    });
  });
});
