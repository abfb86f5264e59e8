import { createReadStream, existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { constants as os } from 'node:os';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { cacheFolder } from './cache-folder.js';

const PACKAGE = '@sparticuz/chromium';
const FILES = ['libvk_swiftshader.so', 'libvulkan.so.1', 'vk_swiftshader_icd.json'];

/** An unpacked SwiftShader: a Vulkan driver that runs on any x86-64 Linux CPU, and a loader for it. */
export interface SwiftShader {
  folder: string;
  /** The driver's manifest, for VK_DRIVER_FILES. */
  driver: string;
  /** A Vulkan loader, for machines that have none. */
  loader: string;
}

/**
 * The SwiftShader inside npm's @sparticuz/chromium, unpacked into the user's cache folder by the first call.
 * That package is a development dependency of this project (66 MB): for users of the library it is optional.
 *
 * @returns undefined where the package is not installed or does not serve this platform
 * @throws FewstepError 'file' when no cache folder can be written
 */
export async function findSwiftShader(): Promise<SwiftShader | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const entry = resolvePackage();
  if (!entry) return undefined;
  const root = join(dirname(entry), '..', '..'); // from build/cjs/index.cjs
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const folder = join(await cacheFolder(), `swiftshader-${version}`);
  if (!existsSync(folder)) await unpack(join(root, 'bin', 'swiftshader.tar.br'), entry, folder);
  return {
    folder,
    driver: join(folder, 'vk_swiftshader_icd.json'),
    loader: join(folder, 'libvulkan.so.1'),
  };
}

/**
 * Maps a Vulkan loader into the process, so that Dawn's own dlopen("libvulkan.so.1") finds it by that name.
 * It changes nothing where a loader is mapped already.
 */
export function mapLoader(path: string): void {
  const RTLD_NODELETE = 0x1000;
  try {
    process.dlopen({ exports: {} }, path, os.dlopen.RTLD_NOW | os.dlopen.RTLD_GLOBAL | RTLD_NODELETE);
  } catch {
    // Node always refuses a library that is no addon of its own; RTLD_NODELETE keeps it mapped all the same.
  }
}

function resolvePackage(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(PACKAGE);
  } catch {
    return undefined;
  }
}

/** Options of tar-fs, which comes with the package. */
interface ExtractOptions {
  chown: boolean;
  ignore(path: string, header?: { name: string }): boolean;
}

/** Unpacks beside the target and renames, so that `folder` is either complete or absent for every process. */
async function unpack(archive: string, entry: string, folder: string): Promise<void> {
  const { extract } = createRequire(entry)('tar-fs') as {
    extract: (to: string, options: ExtractOptions) => Writable;
  };
  const partial = await mkdtemp(`${folder}.partial-`);
  try {
    await pipeline(
      createReadStream(archive),
      createBrotliDecompress(),
      extract(partial, { chown: false, ignore: (_, header) => !!header && !FILES.includes(header.name) }),
    );
    await rename(partial, folder);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    const { code } = error as NodeJS.ErrnoException;
    const otherWasFirst = code === 'ENOTEMPTY' || code === 'EEXIST';
    if (!otherWasFirst) throw error;
  }
}
