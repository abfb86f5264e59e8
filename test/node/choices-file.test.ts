import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { choicesFile } from '../../src/node/choices-file.js';

const adapter = {
  name: 'a GPU',
  vendor: 'nobody',
  architecture: '',
  driver: 'driver 1/2',
  software: false,
  toggles: [],
};

let cache: string;
let folder: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'fewstep-choices-'));
  process.env.XDG_CACHE_HOME = cache;
  folder = join(cache, 'fewstep');
});
afterEach(() => rmSync(cache, { recursive: true }));

test('what was measured is known to the next process, and to no other driver', async () => {
  (await choicesFile(adapter)).set('tile', '8 x 2');
  expect((await choicesFile(adapter)).get('tile')).toBe('8 x 2');
  expect((await choicesFile({ ...adapter, driver: 'driver 3' })).get('tile')).toBeUndefined();
});

test('two processes keep what the other found', async () => {
  const [one, other] = [await choicesFile(adapter), await choicesFile(adapter)];
  one.set('a', '1');
  other.set('b', '2');
  const again = await choicesFile(adapter);
  expect([again.get('a'), again.get('b')]).toEqual(['1', '2']);
});

test('a broken file is replaced', async () => {
  (await choicesFile(adapter)).set('a', '1');
  const [name] = readdirSync(folder);
  writeFileSync(join(folder, name), '{"a": 1, "b":');
  const after = await choicesFile(adapter);
  expect(after.get('a')).toBeUndefined();
  after.set('c', '3');
  expect(JSON.parse(readFileSync(join(folder, name), 'utf8'))).toEqual({ c: '3' });
});
