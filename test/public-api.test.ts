import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Node } from 'typescript/unstable/ast';
import { isIdentifier } from 'typescript/unstable/ast/is';
import { API, type Project, type Symbol as Sym, SymbolFlags } from 'typescript/unstable/sync';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'fewstep-public-api-')));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a user of declarations cannot know: exports that say nothing, and types of theirs that have no public name. */
interface Gaps {
  undocumented: string[];
  unnamed: string[];
}

/**
 * Reads declarations rather than sources, because all types are written out in them and private members have none.
 *
 * @param declarations the folder of all declarations of the package
 * @param entries the files of it that a user imports
 */
async function gapsOf(declarations: string, entries: readonly string[]): Promise<Gaps> {
  const config = join(declarations, 'tsconfig.json');
  const compilerOptions = { noEmit: true, strict: true, module: 'esnext', moduleResolution: 'bundler' };
  await writeFile(config, JSON.stringify({ compilerOptions, files: entries }));
  const api = new API({ cwd: declarations });
  try {
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config)!;
    return read(project, declarations, entries);
  } finally {
    api.close();
  }
}

function read(project: Project, declarations: string, entries: readonly string[]): Gaps {
  const { checker, program } = project;
  const target = (symbol: Sym) =>
    symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const exported = new Map<number, Sym>();
  for (const entry of entries) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(join(declarations, entry))!)!;
    for (const symbol of checker.getExportsOfModule(module).map(target)) exported.set(symbol.id, symbol);
  }
  const gaps: Gaps = { undocumented: [], unnamed: [] };
  const place = (symbol: Sym) => relative(declarations, symbol.declarations[0].path);
  const isOurs = (symbol: Sym) => symbol.declarations.some(({ path }) => path.startsWith(`${declarations}/`));
  for (const symbol of exported.values()) {
    if (!symbol.getDocumentationComment(checker).trim())
      gaps.undocumented.push(`${symbol.name} (${place(symbol)})`);
    const names = symbol.declarations.flatMap((handle) => identifiersIn(handle.resolve(project)!));
    const found = new Set<Sym>();
    for (const named of checker.getSymbolAtLocation(names)) {
      const type = named && target(named);
      if (!type || !(type.flags & SymbolFlags.Type) || type.flags & SymbolFlags.TypeParameter) continue;
      if (isOurs(type) && !exported.has(type.id)) found.add(type);
    }
    for (const type of found) gaps.unnamed.push(`${type.name} (${place(type)}), in ${symbol.name}`);
  }
  return { undocumented: gaps.undocumented.sort(), unnamed: gaps.unnamed.sort() };
}

function identifiersIn(node: Node): Node[] {
  const found: Node[] = [];
  const visit = (child: Node): void => {
    if (isIdentifier(child)) found.push(child);
    child.forEachChild(visit);
  };
  visit(node);
  return found;
}

// A busy machine takes longer than the usual limit to write all declarations.
test('what the package exports says what it is, and its types have public names', async () => {
  const declarations = join(folder, 'types');
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const build = join(root, 'tsconfig.build.json');
  await promisify(execFile)(process.execPath, [tsc, '-p', build, '--noCheck', '--outDir', declarations]);
  expect(await gapsOf(declarations, ['index.d.ts', 'node/index.d.ts'])).toEqual({
    undocumented: [],
    unnamed: [],
  });
}, 60_000);

test('gaps are found', async () => {
  const declarations = join(folder, 'gaps');
  await mkdir(declarations);
  await writeFile(join(declarations, 'index.d.ts'), `export { type Shown, of, Made } from './inner.js';`);
  await writeFile(
    join(declarations, 'inner.d.ts'),
    `export interface Hidden { a: number }
    export interface Base<T> { b: T }
    /** A type. */
    export interface Shown extends Base<number> { self: Shown; list: readonly Map<string, Hidden>[] }
    export declare function of<T extends Hidden>(value: T): Partial<import('./inner.js').Base<T>>;
    /** A class. */
    export declare class Made { private hidden; constructor(options: { shown: Shown; signal?: AbortSignal }); }`,
  );
  expect(await gapsOf(declarations, ['index.d.ts'])).toEqual({
    undocumented: ['of (inner.d.ts)'],
    unnamed: [
      'Base (inner.d.ts), in Shown',
      'Base (inner.d.ts), in of',
      'Hidden (inner.d.ts), in Shown',
      'Hidden (inner.d.ts), in of',
    ],
  });
});
