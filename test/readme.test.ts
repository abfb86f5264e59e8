import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { sdeSolvers, solvers } from '../src/solver/registry.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');

test('the first program of the README runs and says what it should', () => {
  const [, program] = /```ts\n([\s\S]*?)```/.exec(readme)!;
  // From the root the package finds itself by its own name, as a user's project would.
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(output).toMatch(/: 1000 samples, 6 evaluations each\n$/);
});

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
