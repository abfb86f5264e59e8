import { FewstepError } from '../errors.js';
import { DEFAULT_TOLERANCE, type StepChoice, stepPlan } from '../execute/step-control.js';
import type { Field } from '../field/field.js';
import type { MixtureSpec } from '../field/mixture.js';
import { checkSpan, type SigmaRange } from '../grid/grid.js';
import { applyScaling } from '../io/scaling.js';
import { exactLogDensity } from '../likelihood/heat.js';
import type { LogDensityOptions } from '../likelihood/log-density.js';
import type { PriorName } from '../likelihood/prior.js';
import type { DeviceChoice } from '../node/adapter.js';
import { type FieldOptions, fieldTakes, loadField } from '../node/field/load.js';
import { loadDataSet } from '../node/files.js';
import { loadModel } from '../node/model.js';
import { problems } from '../problem/registry.js';
import { rangeWithin } from '../sample-range.js';
import { checkDistinct, checkFolder, checkOutput } from './output.js';

/** What the command line says, as commander hands it over. */
export interface LikelihoodOptions extends FieldOptions {
  field: string;
  data: string;
  labels?: string;
  out: string;
  method: 'exact' | 'hutchinson';
  probes?: number;
  /** 0 where it is not given. */
  seed?: number;
  nfe?: number;
  rtol?: number;
  atol?: number;
  sigmaMin?: number;
  sigmaMax?: number;
  prior: PriorName;
  latents?: string;
  report?: string;
  exact?: string;
  device?: DeviceChoice;
  json?: boolean;
}

/** A request that has been checked, with its data in the field's units. */
export interface LikelihoodRequest {
  options: LikelihoodOptions;
  field: Field;
  states: Float64Array;
  rows: number;
  range: SigmaRange;
  solve: LogDensityOptions & Required<Pick<LogDensityOptions, 'divergence' | 'steps' | 'prior'>>;
  exact?: { source: string; mixture: MixtureSpec; field: Field };
}

/** What can be wrong with a request is found here, before a device is opened. */
export async function likelihoodRequest(
  options: LikelihoodOptions,
  signal: AbortSignal,
): Promise<LikelihoodRequest> {
  checkFiles(options);
  const { columns, prior, seed = 0, method, report } = options;
  const steps: StepChoice =
    options.nfe === undefined
      ? { rtol: options.rtol ?? DEFAULT_TOLERANCE.rtol, atol: options.atol ?? DEFAULT_TOLERANCE.atol }
      : { nfe: options.nfe };
  stepPlan(steps);
  if (options.probes !== undefined && method !== 'hutchinson') {
    throw new FewstepError(
      'bad-argument',
      '--probes was given for the exact divergence',
      'give --method hutchinson',
    );
  }
  if (options.seed !== undefined && method !== 'hutchinson' && report === undefined) {
    throw new FewstepError(
      'bad-argument',
      '--seed was given, and nothing is drawn: the divergence is exact and there is no report',
      'leave it out, or give --method hutchinson or --report',
    );
  }
  if (options.labels !== undefined && !fieldTakes(options.field, 'label')) {
    throw new FewstepError(
      'bad-argument',
      `--labels does not apply to ${options.field}`,
      'leave it out, or give the model itself, where it has classes (.safetensors)',
    );
  }
  const data = await loadDataSet(options.data, { columns, labelColumn: options.labels });
  const labels = data.labels && [...new Set(data.labels)];
  const { bandwidth, scale, dim, guidance, precision } = options;
  const own = fieldTakes(options.field, 'columns') ? { columns } : {};
  const label = labels ?? options.label;
  const field = await loadField(options.field, { ...own, bandwidth, scale, dim, label, guidance, precision });
  if (field.conditions !== undefined && !labels) {
    throw new FewstepError(
      'bad-argument',
      `${options.field} has ${field.conditions} labels, and it is not said which one each row has`,
      fieldTakes(options.field, 'label')
        ? 'give the column of the labels with --labels, or one --label for all rows'
        : 'give the model itself with --labels, or describe it with one label',
    );
  }
  const range = rangeWithin(field, options);
  checkSpan(range);
  if (data.columns !== field.dim) {
    throw new FewstepError(
      'bad-shape',
      `${options.data} has rows of ${data.columns} numbers, and ${options.field} is a field of ${field.dim}`,
      'choose the columns that belong to it with --columns',
    );
  }
  const bad = data.values.findIndex((value) => !Number.isFinite(Math.fround(value)));
  if (bad >= 0) {
    throw new FewstepError(
      'not-finite',
      `${options.data}, row ${Math.floor(bad / data.columns)}, column ${bad % data.columns}: ${data.values[bad]} is not finite in float32`,
      'remove or replace such values (rows and columns are counted from 0)',
    );
  }
  const states = field.scaling ? applyScaling(field.scaling, data.values) : data.values;
  const divergence =
    method === 'exact' ? { kind: method } : { kind: method, probes: options.probes ?? 1, seed };
  const exact = await exactFor(options, field);
  return {
    options,
    field,
    states,
    rows: data.rows,
    range,
    solve: {
      states,
      range,
      divergence,
      steps,
      prior,
      // With one label for all rows the field has no conditions.
      ...(field.conditions && { conditions: data.labels?.map((each) => labels!.indexOf(each)) }),
      signal,
    },
    ...(exact && { exact }),
  };
}

function checkFiles({ out, latents, report, data, field, exact }: LikelihoodOptions): void {
  checkOutput('--out', out);
  if (latents !== undefined) checkOutput('--latents', latents);
  if (report !== undefined) checkFolder('--report', report);
  checkDistinct(
    { '--out': out, '--latents': latents },
    { '--data': data, '--field': field, '--exact': exact },
  );
}

/** The distribution whose density is known: the one that was named, the field's own, or what a model was trained on. */
async function exactFor(options: LikelihoodOptions, field: Field): Promise<LikelihoodRequest['exact']> {
  const named = options.exact;
  if (named === undefined && field.mixture) return { source: options.field, mixture: field.mixture, field };
  const source = named ?? (field.kind === 'mlp' ? await trainedOn(options) : undefined);
  if (source === undefined) return undefined;
  const exact = await loadField(source, {});
  if (!exact.mixture) {
    throw new FewstepError(
      'bad-argument',
      `--exact ${source} is a field without a known density`,
      'give a built-in problem, a mixture or a data set',
    );
  }
  if (exact.dim !== field.dim) {
    throw new FewstepError(
      'bad-shape',
      `--exact ${source} has ${exact.dim} dimensions, and ${options.field} has ${field.dim}`,
      'give the distribution that the field was made for',
    );
  }
  return { source, mixture: exact.mixture, field: exact };
}

/** The built-in problem that a model was trained on, where it was; with a label it is of a part of it. */
async function trainedOn({ field, label, labels }: LikelihoodOptions): Promise<string | undefined> {
  if ((label ?? labels) !== undefined || !/\.safetensors$/i.test(field)) return undefined;
  const { training } = await loadModel(field);
  return training && Object.hasOwn(problems, training.data) ? training.data : undefined;
}

/** The exact log-density of the data in their own units, at sigma_min. */
export function exactOf({ exact, field, states, range }: LikelihoodRequest): Float64Array {
  const { scaling } = exact!.field;
  const [own, other] = [field.scaling ?? { offset: 0, scale: 1 }, scaling ?? { offset: 0, scale: 1 }];
  const moved = states.map((value) => (value * own.scale + own.offset - other.offset) / other.scale);
  const density = exactLogDensity(exact!.mixture, moved, (range.sigmaMin * own.scale) / other.scale);
  return density.map((value) => value - field.dim * Math.log(other.scale));
}
