import { describe, expect, it } from 'vitest';
import { parseSafetensors, writeSafetensors } from '../../src/io/safetensors.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { encodeModel } from '../../src/mlp/model-file.js';
import { parameterLayout } from '../../src/mlp/parameters.js';
import type { FeatureSource } from '../../src/predictor/network-config.js';
import { decodePredictor, encodePredictor } from '../../src/predictor/predictor-file.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { reachesNfe, solverByName, solvers } from '../../src/solver/registry.js';
import { VERSION } from '../../src/version.js';
import { BROKEN } from '../io/broken-safetensors.js';
import { type Change, changed, sameBits, setJson } from '../mlp/file-fixtures.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';
import { info, randomFingerprint, randomStoredNetwork, randomTable, randomTimes } from './file-fixtures.js';

const seed = freshSeed();
const field = randomFingerprint(3, seed);
const table = { predictor: randomTable('amed-ipndm:order=3', true, [3, 5], seed), field, training: info };
const times = { predictor: randomTimes('unipc-2', true, [3, 5], seed), field };
const scales = { scaleDirection: 0.01, scaleTime: 0.2 };
const network = {
  predictor: randomStoredNetwork('amed', false, [4, 6], { ...scales, reads: 'state' }, { dim: 3, seed }),
  field,
};

describe('a predictor', () => {
  it.each(amedSolvers)('of $name comes back from its file bit for bit, as a table', ({ name }) => {
    for (const afs of [false, true]) {
      const nfes = afs ? [3, 7] : [4, 8];
      const stored = { predictor: randomTable(name, afs, nfes, seed), field, training: info };
      expect(decodePredictor(encodePredictor(stored), 'p')).toEqual({ ...stored, fewstep: VERSION });
    }
  });

  it.each(solvers)('of $name comes back from its file bit for bit, as learned times', ({ name }) => {
    for (const afs of [false, true]) {
      const nfes = [2, 3, 4, 5, 6, 7, 8].filter((nfe) => reachesNfe(solverByName(name), nfe, { afs }));
      const stored = { predictor: randomTimes(name, afs, nfes, seed), field, training: info };
      expect(decodePredictor(encodePredictor(stored), 'p')).toEqual({ ...stored, fewstep: VERSION });
    }
  });

  it.each<FeatureSource>(['hidden', 'state', 'times'])(
    'comes back bit for bit as a network that reads %s',
    (reads) => {
      for (const config of [
        { scaleDirection: 0, scaleTime: 0, reads },
        { ...scales, reads },
      ]) {
        const predictor = randomStoredNetwork('amed-dpmpp-2m', true, [3], config, { dim: 3, seed });
        const decoded = decodePredictor(encodePredictor({ predictor, field }), 'p');
        expect(decoded).toEqual({ predictor, field, training: undefined, fewstep: VERSION });
        if (decoded.predictor.kind !== 'network') throw new Error('it was a network');
        expect(sameBits(decoded.predictor.parameters, predictor.parameters)).toBe(true);
      }
    },
  );

  it('is the same file every time, which other programs can read', () => {
    const bytes = encodePredictor(table);
    expect(encodePredictor(decodePredictor(bytes, 'p'))).toEqual(bytes);
    const { tensors, metadata } = parseSafetensors(bytes, 'p');
    expect(Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]))).toEqual({
      'answers.3': [2, 3],
      'answers.5': [3, 3],
      'field.denoised': [6, 3],
    });
    expect(metadata).toMatchObject({
      format: 'fewstep-predictor-1',
      solver: 'amed-ipndm:order=3',
      afs: 'true',
    });
    expect(JSON.parse(metadata.training)).toEqual(info);
    const [, { direction }] = table.predictor.schedules[1].answers;
    expect(tensors.get('answers.5')!.values[3 + 1]).toBe(direction);
  });

  it('that could not be read again is not written', async () => {
    const changedTable = (change: object) => () =>
      encodePredictor({ ...table, predictor: { ...table.predictor, ...change } });
    const [first] = table.predictor.schedules;
    await expectRefusal(changedTable({ schedules: [] }), 'bad-argument', 'cannot be saved');
    await expectRefusal(changedTable({ solver: 'heun' }), 'bad-argument', "'heun' takes no predictor");
    await expectRefusal(
      changedTable({ schedules: [first, first] }),
      'bad-argument',
      'two schedules for NFE 3',
    );
    const answers = first.answers.map((answer) => ({ ...answer, r: 1 }));
    await expectRefusal(
      changedTable({ schedules: [{ ...first, answers }] }),
      'bad-argument',
      /step 1 is r = 1, direction/,
    );
    await expectRefusal(
      () => encodePredictor({ ...table, field: { ...field, denoised: new Float32Array(18).fill(NaN) } }),
      'not-finite',
      "'field.denoised' cannot be saved",
    );
  });
});

/** Changes one number of a tensor. */
const setNumber =
  (tensor: string, at: number, value: number): Change =>
  ({ tensors }) => {
    tensors.get(tensor)!.values[at] = value;
  };
const setMetadata =
  (key: string, value: string): Change =>
  ({ metadata }) => {
    metadata[key] = value;
  };
/** Changes the first schedule. */
const setSchedule = (edit: (schedule: { nfe: number; grid: string; times: number[] }) => void): Change =>
  setJson('schedules', (json) => edit((json as unknown as Parameters<typeof edit>[0][])[0]));

const WRONG_TABLES: [what: string, change: Change, message: RegExp][] = [
  ['no format', ({ metadata }) => delete metadata.format, /no file of fewstep distill: .* no name/],
  [
    'a later format',
    setMetadata('format', 'fewstep-predictor-2'),
    /'fewstep-predictor-2', which this fewstep/,
  ],
  ['no solver', ({ metadata }) => delete metadata.solver, /metadata has no 'solver'/],
  ['an unknown solver', setMetadata('solver', 'amed-rk4'), /NFE 3 cannot be: unknown solver 'amed-rk4'/],
  ['an unknown option', setMetadata('solver', 'amed-ipndm:rank=3'), /has no option 'rank'/],
  ['a solver that takes none', setMetadata('solver', 'heun'), /'heun' takes no predictor/],
  ['no kind', ({ metadata }) => delete metadata.kind, /metadata has no 'kind'/],
  ['an unknown kind', setMetadata('kind', 'tree'), /of the kind 'tree', and there are/],
  ['a table called a network', setMetadata('kind', 'network'), /metadata has no 'network'/],
  ['no AFS', ({ metadata }) => delete metadata.afs, /metadata has no 'afs'/],
  ['AFS that is a text', setMetadata('afs', '"yes"'), /'afs' is malformed/],
  ['another AFS', setMetadata('afs', 'false'), /NFE 3 makes 4 evaluations/],
  ['no schedules', setMetadata('schedules', '[]'), /'schedules' is malformed/],
  [
    'a schedule without times',
    setSchedule(({ times }) => times.splice(1)),
    /schedules' is malformed: \[?0.*times/,
  ],
  [
    'times that rise',
    setSchedule(({ times }) => times.reverse()),
    /NFE 3 cannot be: time 1 of the grid .* is not below/,
  ],
  [
    'a time of 0',
    setSchedule((schedule) => {
      schedule.times[2] = 0;
    }),
    /time 2 of the grid is 0/,
  ],
  [
    'a time that is null',
    setSchedule(({ times }) => {
      (times as unknown[])[0] = null;
    }),
    /'schedules' is malformed: .*null/,
  ],
  [
    'another NFE',
    setSchedule((schedule) => {
      schedule.nfe = 4;
    }),
    /'answers.4' of shape \[2, 3\] is missing/,
  ],
  [
    'the same NFE twice',
    setSchedule((schedule) => {
      schedule.nfe = 5;
    }),
    /'answers.5' has the shape \[3, 3\], not \[2, 3\]/,
  ],
  ['r of 1', setNumber('answers.3', 3, 1), /the answer for step 2 is r = 1,/],
  ['r of 0', setNumber('answers.5', 0, 0), /NFE 5 cannot be: .* step 1 is r = 0,/],
  ['a negative time', setNumber('answers.3', 2, -1), /time -1/],
  ['no answers', ({ tensors }) => tensors.delete('answers.5'), /'answers.5' of shape \[3, 3\] is missing/],
  [
    'answers of float32',
    ({ tensors }) => tensors.set('answers.3', { shape: [2, 3], values: new Float32Array(6) }),
    /'answers.3' is F32, not F64/,
  ],
  [
    'transposed answers',
    ({ tensors }) => tensors.get('answers.3')!.shape.reverse(),
    /shape \[3, 2\], not \[2, 3\]/,
  ],
  [
    'a tensor too many',
    ({ tensors }) => tensors.set('answers.9', tensors.get('answers.3')!),
    /'answers.9' has no place/,
  ],
  ['no probes', ({ tensors }) => tensors.delete('field.denoised'), /'field.denoised' of shape \[6, 3\] is/],
  [
    'a field of dimension 0',
    setJson('field', (json) => {
      json.dim = 0;
    }),
    /'field' is malformed: dim/,
  ],
  ['no training', ({ metadata }) => delete metadata.training, /metadata has no 'training'/],
  [
    'a training without seed',
    setJson('training', (json) => delete json.seed),
    /'training' is malformed: .*seed/,
  ],
];

const WRONG_TIMES: [what: string, change: Change, message: RegExp][] = [
  ['an AMED solver', setMetadata('solver', 'amed'), /'amed' learns answers, not times/],
  ['a sampler of the SDE', setMetadata('solver', 'ancestral'), /'ancestral' draws noise in its steps/],
  ['nothing told', ({ tensors }) => tensors.delete('told.5'), /'told.5' of shape \[5\] is missing/],
  [
    'too few told',
    ({ tensors }) => tensors.set('told.3', { shape: [2], values: new Float64Array(2).fill(1) }),
    /'told.3' has the shape \[2\], not \[3\]/,
  ],
  ['a told time of 0', setNumber('told.3', 1, 0), /NFE 3 cannot be: a scale of told times is 0/],
  [
    'times that rise',
    setSchedule(({ times }) => times.reverse()),
    /NFE 3 cannot be: time 1 of the grid .* is not below/,
  ],
];

const WRONG_NETWORKS: [what: string, change: Change, message: RegExp][] = [
  ['no configuration', ({ metadata }) => delete metadata.network, /metadata has no 'network'/],
  [
    'a scale of 1',
    setJson('network', (json) => {
      json.scaleTime = 1;
    }),
    /'network' is malformed: scaleTime/,
  ],
  [
    'unknown features',
    setJson('network', (json) => {
      json.reads = 'pixels';
    }),
    /'network' is malformed: reads/,
  ],
  [
    'a head too many',
    setJson('network', (json) => {
      json.scaleTime = 0;
    }),
    /'network\.time\.(weight|bias)' has no place/,
  ],
  [
    'a head that is missing',
    ({ tensors }) => tensors.delete('network.r.weight'),
    /'network.r.weight' of shape \[1, 20\] is missing/,
  ],
  [
    'weights of another shape',
    ({ tensors }) => tensors.get('network.output.weight')!.shape.reverse(),
    /'network.output.weight' has the shape \[4, 128\], not \[128, 4\]/,
  ],
  [
    'a mean of another dimension',
    ({ tensors }) => tensors.set('figures.mean', { shape: [2], values: new Float32Array(2) }),
    /'figures.mean' has the shape \[2\], not \[3\]/,
  ],
  [
    'a std of 0',
    setJson('network', (json) => {
      json.std = 0;
    }),
    /'network' is malformed: std/,
  ],
];

it('a predictor without its field is not written', async () => {
  const alone = { kind: 'table' } as never;
  await expectRefusal(() => encodePredictor(alone), 'bad-argument', /without its field/, /fingerprintOf/);
});

describe('a file of a predictor is refused, with its name', () => {
  const files = {
    table: encodePredictor(table),
    times: encodePredictor(times),
    network: encodePredictor(network),
  };
  const refuses = async (bytes: Uint8Array, message: RegExp) => {
    await expectRefusal(() => decodePredictor(bytes, 'p.safetensors'), 'bad-data', /^p\.safetensors/);
    await expectRefusal(() => decodePredictor(bytes, 'p.safetensors'), 'bad-data', message);
  };

  it.each(WRONG_TABLES)('a table with %s', async (_, change, message) => {
    await refuses(writeSafetensors(changed(parseSafetensors(files.table, 'good'), change)), message);
  });

  it.each(WRONG_TIMES)('learned times with %s', async (_, change, message) => {
    await refuses(writeSafetensors(changed(parseSafetensors(files.times, 'good'), change)), message);
  });

  it.each(WRONG_NETWORKS)('a network with %s', async (_, change, message) => {
    await refuses(writeSafetensors(changed(parseSafetensors(files.network, 'good'), change)), message);
  });

  it.each(BROKEN)('%s', async (_, bytes, message) => {
    await refuses(bytes, message);
  });

  it('a NaN among its answers', async () => {
    const bytes = files.table.slice();
    // F64 come first: the answers for NFE 3.
    const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    new DataView(bytes.buffer).setFloat64(start, Number.NaN, true);
    await refuses(bytes, /'answers.3' is NaN at \[0, 0\]/);
  });

  it('cut anywhere', async () => {
    for (const bytes of Object.values(files)) {
      const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
      for (const end of [4, start - 1, start, start + 8, bytes.length - 1])
        await refuses(bytes.subarray(0, end), /truncated/);
    }
  });

  it('a model', async () => {
    const config = mlpConfig({ dim: 3, width: 32, layers: 2 });
    const parameters = new Float32Array(parameterLayout(config).size);
    await expectRefusal(
      () => decodePredictor(encodeModel({ config, parameters }), 'm'),
      'bad-data',
      /^m is a model, not a predictor$/,
      /a model is for .*--field/,
    );
  });
});
