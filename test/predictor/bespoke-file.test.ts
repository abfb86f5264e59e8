import { describe, expect, it } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { parseSafetensors, writeSafetensors } from '../../src/io/safetensors.js';
import { formOf, networkSize } from '../../src/predictor/bespoke-predictor.js';
import { predictedRun } from '../../src/predictor/predictor.js';
import { decodePredictor, encodePredictor } from '../../src/predictor/predictor-file.js';
import { random } from '../../src/rng/random.js';
import { BESPOKE_FORMULAS, BESPOKE_STARTS, bespokePlan } from '../../src/solver/bespoke.js';
import { VERSION } from '../../src/version.js';
import { type Change, changed, sameBits, setJson } from '../mlp/file-fixtures.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';
import { info, randomBespoke, randomFingerprint } from './file-fixtures.js';

const seed = freshSeed();
const field = randomFingerprint(3, seed);
const stages = [
  {
    nfe: 3,
    seconds: { search: 0.5, candidates: 1, table: 2.5 },
    iterations: { candidates: 480, table: 1000 },
  },
];

describe('a bespoke predictor', () => {
  it.each(BESPOKE_STARTS)('after %s comes back from its file bit for bit', (start) => {
    for (const formula of BESPOKE_FORMULAS) {
      const predictor = randomBespoke([1, 3, 5], { dim: 3, seed, formula, start });
      const stored = { predictor, field, training: { ...info, stages } };
      const bytes = encodePredictor(stored);
      const decoded = decodePredictor(bytes, 'p');
      expect(decoded).toEqual({ ...stored, fewstep: VERSION });
      expect(encodePredictor(decoded)).toEqual(bytes);
      if (decoded.predictor.kind !== 'bespoke') throw new Error('it was bespoke');
      for (const [i, schedule] of decoded.predictor.schedules.entries()) {
        expect(sameBits(schedule.numbers, predictor.schedules[i].numbers)).toBe(true);
        const { plan } = predictedRun(decoded.predictor, schedule.nfe);
        expect(plan).toEqual(bespokePlan(formOf(predictor, schedule), schedule.numbers));
        expect(plan.times).toEqual(schedule.times);
      }
    }
  });

  it.each(BESPOKE_STARTS)('with networks after %s comes back and runs with them', (start) => {
    const table = randomBespoke([1, 4], { dim: 3, seed, formula: 'ipndm-3', start });
    const source = random(seed, 8);
    const schedules = table.schedules.map((schedule) => {
      const size = networkSize(formOf(table, schedule), schedule.numbers);
      return { ...schedule, network: Float32Array.from({ length: size }, () => 0.1 * source.normal()) };
    });
    const predictor = { ...table, solver: 'bespoke-net' as const, schedules };
    const decoded = decodePredictor(encodePredictor({ predictor, field }), 'p').predictor;
    expect(decoded).toEqual(predictor);
    const { plan, predictor: network } = predictedRun(decoded, 4);
    expect(plan.times).toEqual(schedules[1].times);
    if (network?.kind !== 'tangent') throw new Error('it has networks');
    // Its answers are read: states differ from those of the table alone.
    const one = gaussianMixture({ weights: [1], means: [[0.1, 0.2, -0.3]], stds: [0.3] });
    const latents = Float64Array.from({ length: 12 }, () => 80 * source.normal());
    const moved = solveReference(one, plan, { latents, predictor: network }).samples;
    const alone = solveReference(one, predictedRun(table, 4).plan, { latents }).samples;
    expect(Math.max(...moved.map((value, i) => Math.abs(value - alone[i])))).toBeGreaterThan(1e-4);
  });

  it('whose networks are of another size is not written', async () => {
    const table = randomBespoke([3], { dim: 3, seed, formula: 'ipndm-3', start: 'gaussian' });
    const schedules = table.schedules.map((schedule) => ({ ...schedule, network: new Float32Array(7) }));
    const saved = () => encodePredictor({ predictor: { ...table, schedules }, field });
    await expectRefusal(saved, 'bad-argument', /networks for NFE 3 have 7 numbers, not \d+/);
  });

  it('that learned nothing for an NFE says for which it did', async () => {
    const predictor = randomBespoke([3, 5], { dim: 3, seed, formula: 'euler', start: 'none' });
    await expectRefusal(() => predictedRun(predictor, 4), 'unreachable-nfe', 'nothing for NFE 4', /3, 5/);
  });

  it('that could not be read again is not written', async () => {
    const predictor = randomBespoke([3], { dim: 3, seed, formula: 'ipndm-3', start: 'gaussian' });
    const [first] = predictor.schedules;
    const saved = (change: object) => () =>
      encodePredictor({ predictor: { ...predictor, ...change }, field: randomFingerprint(3, seed) });
    await expectRefusal(saved({ schedules: [first, first] }), 'bad-argument', 'two schedules for NFE 3');
    const short = { ...first, numbers: first.numbers.slice(1) };
    await expectRefusal(saved({ schedules: [short] }), 'bad-argument', /has \d+ numbers, not \d+/);
    const moved = { ...first, times: first.times.map((time) => 1.01 * time) };
    await expectRefusal(saved({ schedules: [moved] }), 'bad-argument', 'not those of its numbers');
    const other = { ...first, formula: 'heun' };
    await expectRefusal(saved({ schedules: [other] }), 'bad-argument', "cannot begin as 'heun'");
  });
});

const setSchedule = (edit: (schedule: Record<string, unknown>) => void): Change =>
  setJson('schedules', (json) => edit((json as unknown as Record<string, unknown>[])[0]));
const setMetadata =
  (key: string, value: string): Change =>
  ({ metadata }) => {
    metadata[key] = value;
  };

const WRONG: [what: string, change: Change, message: RegExp][] = [
  ['another solver', setMetadata('solver', 'amed'), /a bespoke solver, and its metadata says 'amed'/],
  ['AFS', setMetadata('afs', 'true'), /says 'bespoke' with AFS/],
  ['no range', ({ metadata }) => delete metadata.bespoke, /metadata has no 'bespoke'/],
  [
    'a std of 0',
    setJson('bespoke', (json) => Object.assign(json, { std: 0 })),
    /'bespoke' is malformed: std/,
  ],
  [
    'an empty range',
    setJson('bespoke', (json) => Object.assign(json, { sigmaMax: 1e-4 })),
    /NFE 3 cannot be: time 1 of the grid .* is not below/,
  ],
  [
    'an unknown formula',
    setSchedule((schedule) => Object.assign(schedule, { formula: 'heun' })),
    /'schedules' is malformed: \[?0.*formula/,
  ],
  [
    'an unknown start',
    setSchedule((schedule) => Object.assign(schedule, { start: 'warm' })),
    /'schedules' is malformed: \[?0.*start/,
  ],
  [
    'another start',
    setSchedule((schedule) => Object.assign(schedule, { start: 'afs' })),
    /'numbers.3' has the shape \[\d+\], not \[\d+\]/,
  ],
  [
    'another NFE',
    setSchedule((schedule) => Object.assign(schedule, { nfe: 4 })),
    /'numbers.4' of shape \[\d+\] is missing/,
  ],
  [
    'more evaluations than there can be',
    setSchedule((schedule) => Object.assign(schedule, { nfe: 400 })),
    /NFE 400 cannot be: a bespoke solver makes 1 to 20 evaluations/,
  ],
  [
    'times that rise',
    ({ tensors }) => {
      const { values } = tensors.get('numbers.3')!;
      values[1] = values[0] + 1;
    },
    /NFE 3 cannot be: time \d of the grid .* is not below/,
  ],
  [
    'a first time above the range',
    ({ tensors }) => {
      tensors.get('numbers.3')!.values[0] = 9;
    },
    /NFE 3 cannot be: time 1 of the grid .* is not below/,
  ],
  [
    'a mean of another dimension',
    ({ tensors }) => tensors.set('figures.mean', { shape: [2], values: new Float32Array(2) }),
    /'figures.mean' has the shape \[2\], not \[3\]/,
  ],
  [
    'a tensor too many',
    ({ tensors }) => tensors.set('numbers.9', tensors.get('numbers.3')!),
    /'numbers.9' has no place/,
  ],
];

describe('a file of a bespoke predictor is refused, with its name', () => {
  const bytes = encodePredictor({
    predictor: randomBespoke([3], { dim: 3, seed, formula: 'ipndm-2', start: 'gaussian' }),
    field,
  });

  it.each(WRONG)('%s', async (_, change, message) => {
    const wrong = writeSafetensors(changed(parseSafetensors(bytes, 'good'), change));
    await expectRefusal(() => decodePredictor(wrong, 'p.safetensors'), 'bad-data', /^p\.safetensors/);
    await expectRefusal(() => decodePredictor(wrong, 'p.safetensors'), 'bad-data', message);
  });

  it('cut anywhere', async () => {
    const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    for (const end of [4, start - 1, start, start + 8, bytes.length - 1])
      await expectRefusal(() => decodePredictor(bytes.subarray(0, end), 'p'), 'bad-data', /truncated/);
  });
});
