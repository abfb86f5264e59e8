import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { random } from '../../src/rng/random.js';
import { SLOW } from '../mlp/fixtures.js';
import { flags, inProcess } from './command.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-inspect-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const draw = random(1);
const rows = Array.from(
  { length: 300 },
  (_, i) => `${draw.normal()},${(i % 2) * 50 + draw.normal()},${'ab'[i % 2]}`,
);
await writeFile(at('points.csv'), `x,y,kind\n${rows.join('\n')}\n`);
await writeFile(at('shifted.csv'), `x,y,kind\n${rows.join('\n')}\n900,900,a\n`);

const data = at('points.csv');
const field = at('m.safetensors');
const small = { width: 32, layers: 2, batch: 32, steps: 100, out: field };

test(
  'makes the report again that training made, to the last bit, and others',
  async () => {
    const source = { data, labels: 'kind', scale: true as const };
    expect(await inProcess(['train', ...flags({ ...source, ...small })])).toMatchObject({ status: 0 });
    const again = await inProcess([
      'inspect',
      ...flags({ field, data, labels: 'kind', out: at('again.html') }),
    ]);
    expect(again, again.stderr).toMatchObject({ status: 0 });
    const report = await readFile(at('m.report.html'), 'utf8');
    expect(await readFile(at('again.html'), 'utf8')).toBe(report);
    expect(report).not.toContain('label a');
    expect(again.stderr).not.toContain('note');

    await writeFile(at('others.csv'), await readFile(data));
    const others = { field, data: at('others.csv'), labels: 'kind', out: at('others.html') };
    expect(await inProcess(['inspect', ...flags(others)])).toMatchObject({
      status: 0,
      stderr: expect.stringContaining(
        `note: ${field} was trained on ${data}, and is compared with ${at('others.csv')}\n`,
      ),
    });

    const one = { field, data, labels: 'kind', label: 'a', image: '1x2', out: at('one.html') };
    expect(await inProcess(['inspect', ...flags(one)])).toMatchObject({ status: 0 });
    const page = await readFile(at('one.html'), 'utf8');
    expect(page).toContain('label a');
    expect(page.match(/class="grid"/g)).toHaveLength(2);
  },
  SLOW,
);

test(
  'refuses what cannot be, with what to do',
  async () => {
    const out = at('refused.html');
    const refusals: [options: Parameters<typeof flags>[0], message: RegExp][] = [
      [{}, /no data to compare the model with\n {2}give --problem or --data/],
      [{ problem: 'rings' }, /unknown problem 'rings'\n {2}did you mean 'ring'/],
      [{ problem: 'ring', columns: '0' }, /--columns does not apply to a problem/],
      [{ problem: 'mixture-64' }, /rows of 64 numbers, and .* is a model of 2\n {2}.*--columns/],
      [{ problem: 'ring' }, /ring spans another range than what/],
      [{ data: at('shifted.csv'), labels: 'kind' }, /shifted.csv spans another range/],
      [{ data, labels: 'kind', image: '2x2' }, /no images of 2 x 2/],
      [{ data, label: 'a' }, /--label was given without --labels/],
      [{ data, labels: 'kind', label: 'c' }, /unknown label 'c'\n {2}.*known: a, b/],
      [{ data, labels: 'kind', out: at('x.txt') }, /only .html files are written/],
    ];
    for (const [options, message] of refusals) {
      const outcome = await inProcess(['inspect', ...flags({ field, out, ...options })]);
      expect(outcome).toMatchObject({ status: 2, stderr: expect.stringMatching(message) });
    }
    await writeFile(at('m.loss.csv'), 'step,training,validation\n50,1,2\nhalf a line');
    const broken = await inProcess(['inspect', ...flags({ field, out, data, labels: 'kind' })]);
    expect(broken.stderr).toMatch(/m.loss.csv, line 3: 'half a line' is no line of a loss curve/);
    expect(existsSync(out)).toBe(false);
  },
  SLOW,
);
