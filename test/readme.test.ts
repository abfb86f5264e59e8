import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { sdeSolvers, solvers } from '../src/solver/registry.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');

const [first, second] = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, program]) => program);
const folder = mkdtempSync(join(tmpdir(), 'fewstep-readme-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** From the root the package finds itself by its own name, as a user's project would. */
function run(program: string): string {
  return execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: root,
    encoding: 'utf8',
  });
}

test('the first program of the README runs and says what it should', () => {
  expect(run(first)).toMatch(/: 1000 samples, 6 evaluations each\n$/);
});

test('so does the second, in place of its last line, and the command line takes what it learned', () => {
  const file = join(folder, 'mine.safetensors');
  const begin = first.slice(0, first.indexOf('process.exit'));
  const output = run(`${begin}${second.replaceAll("'mine.safetensors'", JSON.stringify(file))}`);
  for (const nfe of [3, 5]) {
    const [, best, plain] = new RegExp(
      `^NFE ${nfe}: error (\\S+), of the best plain solver (\\S+)$`,
      'm',
    ).exec(output)!;
    expect(Number(best)).toBeLessThan(Number(plain) / 2);
  }
  expect(output).toMatch(/\n5 evaluations each, on the field that it learned for\n$/);

  const mixture = /gaussianMixture\((\{.*?\})\)/.exec(first)![1].replace(/(\w+):/g, '"$1":');
  const field = join(folder, 'mixture.json');
  writeFileSync(field, JSON.stringify({ kind: 'gaussian-mixture', ...JSON.parse(mixture) }));
  const sampling = ['dist/cli.js', 'sample', '--field', field, '--predictor', file, '--nfe', '5', '--out'];
  const { status, stderr } = spawnSync(process.execPath, [...sampling, join(folder, 'x.npy')], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(stderr).not.toContain('distilled on');
  expect(status, stderr).toBe(0);
}, 60_000);

test('the table of solvers names every solver of the registry', () => {
  const table = readme.slice(readme.indexOf('## Solvers'));
  for (const { name } of [...solvers, ...sdeSolvers]) {
    const [family, last] = [name.replace(/-\d$/, ''), name.slice(-2)];
    expect(
      table.includes(`\`${name}\``) || (table.includes(`\`${family}-2\``) && table.includes(`\`${last}\``)),
      name,
    ).toBe(true);
  }
});
