import { expect, test } from 'vitest';
import { mlpShape } from '../../bench/mlp/shape.js';
import { allocatedBytes } from '../../bench/scaling/allocated-bytes.js';
import { solve } from '../../src/execute/solve.js';
import { solveMemory } from '../../src/execute/solve-memory.js';
import { empirical } from '../../src/field/empirical.js';
import { externalField } from '../../src/field/external.js';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { polynomial } from '../../src/grid/grid.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { mlpField } from '../../src/mlp/field.js';
import type { TrajectoryPredictor } from '../../src/predictor/trajectory-predictor.js';
import { random } from '../../src/rng/random.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { PlanBuilder } from '../../src/solver/builder.js';
import { type Plan, perTrajectory } from '../../src/solver/plan.js';
import { solverByName } from '../../src/solver/registry.js';
import { planOfTable, tableOf } from '../../src/solver/table.js';
import { gpu } from '../device.js';
import { latents, randomMixture } from '../field/fixtures.js';
import { randomParameters, SLOW } from '../mlp/fixtures.js';
import { randomPredictor } from '../predictor/fixtures.js';
import { freshSeed } from '../seed.js';
import { eulerSpec, nearEuler, randomTangent } from '../tangent/fixtures.js';

const seed = freshSeed();
const source = random(seed);
const euler = solverByName('euler').plan(polynomial().times(4));
const ipndm = solverByName('ipndm-4').plan(polynomial().times(6));

/** The mean has a share in every state. */
function withMean(dim: number): Plan {
  const table = tableOf(solverByName('dpmpp-2m').plan(polynomial().times(4)));
  const rows = table.rows.map(([first, , ...rest]) => [first, 0.1, ...rest]);
  return planOfTable(
    { ...table, rows },
    Array.from({ length: dim }, () => 0.3),
  );
}

/** A time and a coefficient of each trajectory's own. */
function columned(): Plan {
  const b = new PlanBuilder([80, 0.002]);
  const d = b.velocity(b.start, 80);
  const middle = b.eulerAt(b.start, d, { start: 80, at: perTrajectory(0) });
  b.reach(b.euler(b.start, b.velocity(middle, perTrajectory(0)), perTrajectory(1)));
  return b.finish('by hand');
}

const mixture = gaussianMixture(randomMixture(seed, 5, 3, 'per-component'));
const elsewhere = externalField({ dim: 3, predict: (states) => states });
const identity = externalField({ dim: 3, predictOnDevice: ({ states }) => states, most: 7 });
const { config, parameters } = mlpShape(32, 1);
const network = mlpField({ config, parameters });
const classes = mlpConfig({ dim: 3, width: 32, layers: 2, classes: 3 });
const labelled = mlpField(
  { config: classes, parameters: randomParameters(classes, source) },
  { label: 'all', guidance: 2 },
);
// Above 128 numbers places are in memory, and more than 64 components are streamed: stepwise keeps sums between shards.
const wide = gaussianMixture(randomMixture(seed, 131, 4, 'per-component'));
const streamed = empirical(
  Float64Array.from({ length: 70 * 200 }, () => source.normal()),
  200,
);
const { prepareFused: _, ...unfused }: Field = mixture;
const cases: { name: string; field: Field; plan: Plan; batch: number; chunk?: number; keep?: number[] }[] = [
  { name: 'a mixture', field: mixture, plan: euler, batch: 37 },
  { name: 'a long history', field: mixture, plan: ipndm, batch: 100 },
  { name: 'a chunk', field: mixture, plan: ipndm, batch: 100, chunk: 33 },
  { name: 'kept slots', field: mixture, plan: ipndm, batch: 9, keep: [0, 3] },
  { name: 'constants', field: mixture, plan: withMean(5), batch: 21 },
  { name: 'columns', field: mixture, plan: columned(), batch: 21 },
  { name: 'a model outside of the device', field: elsewhere, plan: columned(), batch: 23, chunk: 10 },
  { name: 'a model on the device', field: identity, plan: columned(), batch: 23, chunk: 10 },
  { name: 'a network', field: network, plan: euler, batch: 40 },
  { name: 'a network with labels', field: labelled, plan: euler, batch: 40, chunk: 13 },
  { name: 'a streamed data set', field: streamed, plan: euler, batch: 11 },
  {
    name: 'a wide mixture with constants',
    field: wide,
    plan: withMean(131),
    batch: 9,
    chunk: 5,
    keep: [0, 3],
  },
  { name: 'a wide mixture with columns', field: wide, plan: columned(), batch: 9 },
];
const runs = cases.flatMap((each) =>
  (['stepwise', 'auto', 'fused'] as const)
    .filter((executor) => executor !== 'fused' || each.field.dim > 128)
    .map((executor) => ({ ...each, executor })),
);

test.each(runs)(
  '$name, $executor: what is allocated is what was predicted',
  async ({ field, plan, batch, executor, chunk, keep }) => {
    const predicted = await solveMemory(gpu, field, plan, { batch, executor, chunk, keep });
    const columns = new Float32Array(plan.columns * batch).fill(0.5);
    const values = latents(seed, batch, field.dim);
    let ran: string | undefined;
    const { made, peak } = await allocatedBytes(gpu, async () => {
      const solution = await solve(gpu, field, plan, {
        latents: { values },
        columns,
        executor,
        chunk,
        keep,
      });
      ran = solution.executor;
    });
    expect(ran).toBe(predicted.executor);
    expect(predicted.capacity).toBe(chunk ?? batch);
    // All of it is there at once, when samples are read.
    expect({ made, peak }).toEqual({ made: predicted.total, peak: predicted.total });
    expect(Object.values(predicted.buffers).reduce((sum, bytes) => sum + bytes)).toBe(predicted.total);
  },
  SLOW,
);

const asking = [
  ...(
    [
      ['times', mixture],
      ['state', mixture],
      ['hidden', network],
      ['state', wide],
    ] as const
  ).map(([reads, field]) => {
    const scales = { scaleDirection: 0.1, scaleTime: 0.2, reads };
    const predictor = randomPredictor(amedSolvers[0], field, scales, { seed, steps: 3, afs: true });
    return { what: `AMED that reads ${reads}`, field, predictor, plan: predictor.predicted.plan };
  }),
  ...[mixture, network].map((field) => {
    const spec = eulerSpec(nearEuler(3, seed, 0.1));
    const predictor: TrajectoryPredictor = randomTangent(spec, field.dim, seed);
    return { what: 'tangent networks', field, predictor, plan: spec.family.plan };
  }),
].flatMap((each) =>
  (['stepwise', 'fused'] as const)
    // AMED inside the others takes lavapipe half a minute to compile.
    .filter(
      (executor) => executor === 'stepwise' || each.field === mixture || each.what === 'tangent networks',
    )
    .map((executor) => ({ ...each, executor })),
);

test.each(asking)(
  '$what, $field.kind of $field.dim, $executor: what is allocated is what was predicted',
  async ({ field, predictor, plan, executor }) => {
    const values = latents(seed, 21, field.dim);
    for (const chunk of [undefined, 8]) {
      const request = { predictor, executor, chunk };
      const { total, buffers, capacity } = await solveMemory(gpu, field, plan, { batch: 21, ...request });
      const { made, peak } = await allocatedBytes(gpu, () =>
        solve(gpu, field, plan, { latents: { values }, ...request }),
      );
      expect({ made, peak }).toEqual({ made: total, peak: total });
      expect(capacity).toBe(chunk ?? 21);
      expect(buffers.predictor).toBe(predictor.parameters.byteLength);
    }
  },
  SLOW,
);

test('a predictor for another plan is refused as solve does', async () => {
  const { field, predictor } = asking[0];
  await expect(solveMemory(gpu, field, euler, { batch: 2, predictor })).rejects.toMatchObject({
    code: 'bad-argument',
  });
});

test.each([
  { field: mixture, request: { batch: 0 }, message: 'the batch is 0' },
  { field: mixture, request: { batch: 1, chunk: 0.5 }, message: 'the chunk is 0.5' },
  { field: mixture, request: { batch: 1, keep: [99] }, message: 'no slot 99' },
  { field: unfused, request: { batch: 1, executor: 'fused' as const }, message: 'cannot run fused' },
])('a run that cannot be is refused as solve does: $message', async ({ field, request, message }) => {
  await expect(solveMemory(gpu, field, euler, request)).rejects.toThrow(message);
});
