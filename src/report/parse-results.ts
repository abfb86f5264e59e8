import * as v from 'valibot';
import { FewstepError } from '../errors.js';
import { UNIVERSAL_KINDS } from '../solver/universal.js';
import { ANSWER_SOURCES, RESULTS_SCHEMA, type Results } from './results.js';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
/** JSON has no NaN or infinity and writes null: what a diverged solve leaves behind. */
const figure = v.union(
  [
    v.number(),
    v.pipe(
      v.null(),
      v.transform(() => Number.NaN),
    ),
  ],
  'must be a number or null',
);
const ends = v.tuple([figure, figure]);
const range = v.tuple([v.number(), v.number(), v.number()]);
const numbers = v.array(v.number());
const points = v.array(v.array(numbers));

const spread = v.object({ median: figure, p95: figure, max: figure });
const distances = v.object({ slicedWasserstein: figure, energy: figure, frechet: figure });

const run = v.object({
  started: v.string(),
  seconds: v.number(),
  command: v.string(),
  suite: v.string(),
  fewstep: v.string(),
  commit: v.optional(v.string()),
  node: v.string(),
  platform: v.string(),
  cpu: v.string(),
  cores: count,
  adapter: v.object({
    name: v.string(),
    driver: v.string(),
    backend: v.string(),
    software: v.boolean(),
    toggles: v.array(v.string()),
  }),
  packages: v.record(v.string(), v.string()),
  batch: count,
  seeds: numbers,
  nfe: v.array(count),
  sigmaMin: v.number(),
  sigmaMax: v.number(),
});

const picture = v.object({
  row: v.string(),
  nfe: count,
  trajectories: v.optional(points),
  times: v.optional(numbers),
  evaluations: v.optional(points),
  evaluationTimes: v.optional(numbers),
  samples: v.array(figure),
});

const score = v.object({ mean: figure, median: figure });

const student = v.object({
  solver: v.string(),
  grid: v.string(),
  afs: v.boolean(),
  nfe: count,
  chosenGrid: v.string(),
  answers: v.array(v.object({ r: v.number(), direction: v.number(), time: v.number() })),
  table: v.optional(v.object({ sigmaMin: v.number(), times: numbers, rows: v.array(numbers) })),
  times: v.optional(v.object({ sigma: numbers, told: numbers })),
  seconds: v.object({ search: v.number(), candidates: v.optional(v.number()), training: v.number() }),
  training: v.optional(
    v.object({
      iterations: count,
      batch: count,
      losses: v.array(figure),
      base: score,
      start: score,
      best: score,
    }),
  ),
});

const learning = v.object({
  teacher: v.object({ solver: v.string(), nfe: count, grid: v.string() }),
  trajectories: count,
  validation: count,
  evaluations: count,
  seconds: v.number(),
  students: v.array(student),
});

const leftOut = v.object({ solvers: v.array(v.string()), reason: v.string() });

const problem = v.object({
  name: v.string(),
  title: v.string(),
  dim: v.pipe(v.number(), v.integer(), v.minValue(1)),
  kind: v.picklist(['points-2d', 'vector', 'image']),
  imageShape: v.optional(v.tuple([count, count])),
  scaling: v.optional(v.object({ offset: v.number(), scale: v.number() })),
  batch: count,
  exact: v.object({ solver: v.string(), nfe: count, halved: spread, float64: v.optional(spread) }),
  search: v.optional(
    v.object({ teacher: v.string(), evaluations: count, trajectories: count, seconds: v.number() }),
  ),
  learning: v.optional(learning),
  leftOut: v.optional(
    // One alone in results of before there could be several.
    v.union([
      v.array(leftOut),
      v.pipe(
        leftOut,
        v.transform((one) => [one]),
      ),
    ]),
  ),
  standIn: v.optional(v.boolean()),
  floor: distances,
  exactDistances: distances,
  pictures: v.array(picture),
  truth: numbers,
});

const which = {
  problem: v.string(),
  solver: v.string(),
  answers: v.optional(v.picklist(ANSWER_SOURCES)),
  grid: v.string(),
  afs: v.boolean(),
  nfe: count,
  seed: v.number(),
};

const answer = v.object({ mean: figure, p5: figure, p95: figure });

const cell = v.object({
  ...which,
  times: v.optional(numbers),
  universal: v.optional(v.picklist(UNIVERSAL_KINDS)),
  steps: v.optional(v.array(v.object({ r: answer, direction: answer, time: answer }))),
  evaluations: count,
  executor: v.optional(v.picklist(['stepwise', 'fused'])),
  error: v.optional(
    v.object({ mean: figure, median: figure, p95: figure, meanInterval: ends, medianInterval: ends }),
  ),
  distances,
  timing: v.object({
    repeats: count,
    hostMs: range,
    gpuMs: v.optional(range),
    trajectoriesPerSecond: v.number(),
  }),
});

const schema = v.object({
  schema: v.literal(RESULTS_SCHEMA),
  complete: v.boolean(),
  run,
  problems: v.array(problem),
  cells: v.array(cell),
  failures: v.array(v.object({ ...which, message: v.string() })),
});

/**
 * Checks what was read from a `results.json`. A null where a figure belongs becomes NaN.
 *
 * @param json the parsed JSON
 * @param name the file's name, for errors
 * @throws FewstepError bad-data, naming the place, for another schema version or anything malformed
 */
export function parseResults(json: unknown, name = 'results.json'): Results {
  const version = (json as { schema?: unknown } | null | undefined)?.schema;
  if (version !== RESULTS_SCHEMA) {
    const known = typeof version === 'string';
    throw new FewstepError(
      'bad-data',
      known
        ? `${name}: schema is '${version}', and this fewstep reads '${RESULTS_SCHEMA}'`
        : `${name} is not a results file of fewstep: it has no schema`,
      known
        ? 'read it with the version of fewstep that wrote it, or run the benchmark again'
        : "give the results.json of a run of 'fewstep bench'",
    );
  }
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw malformed(name, `${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`);
  }
  const results = parsed.output;
  const names = new Set(results.problems.map((candidate) => candidate.name));
  for (const list of ['cells', 'failures'] as const) {
    for (const [i, { problem: of }] of results[list].entries()) {
      if (!names.has(of)) throw malformed(name, `${list}.${i}.problem: '${of}' is not among the problems`);
    }
  }
  return results;
}

function malformed(name: string, what: string): FewstepError {
  return new FewstepError(
    'bad-data',
    `${name}: ${what}`,
    'the file is damaged or was edited: run the benchmark again',
  );
}
