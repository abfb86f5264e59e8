import { checkEntries, isObject, isPromise, shown } from '../arguments.js';
import { FewstepError, unknownName } from '../errors.js';
import type { BoundField, Field, PreparedField } from '../field/field.js';
import { type FusedField, type FusedVariant, planVariant } from '../field/fused.js';
import { boundKernel, operationOf, shared } from '../field/operation.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Scaling } from '../io/scaling.js';
import type { MlpConfig } from './config.js';
import { ConventionTable } from './convention.js';
import { type LabelChoice, labelsOf, whatThereIs } from './labels.js';
import { checkParameters } from './parameters.js';
import { PRECISIONS, type Precision, roundedToHalf } from './precision.js';
import { prepareMlpGradient } from './prepared-gradient.js';
import { prepareMlpProducts } from './prepared-products.js';
import { MlpReference } from './reference.js';
import { labelBytes, runLabels } from './run-labels.js';
import type { TileUse } from './tile.js';
import { tileAsking } from './tile-asking.js';
import { tunedNetwork } from './tuned-network.js';

/** A network and its parameters, flat as parameterLayout says. */
export interface MlpModel {
  config: MlpConfig;
  /** [parameterLayout(config).size]. */
  parameters: Float32Array;
  /** Names of its classes in their order, where they have names. */
  labelNames?: readonly string[];
  /** How the data that it was trained on was scaled. */
  scaling?: Scaling;
}

/** What of a network is sampled, and how precisely it is computed. */
export interface MlpFieldOptions {
  /**
   * The label to sample, by its number, 0 to classes - 1, or by its name; by default none. Of several, or of 'all',
   * each is a condition of the field: trajectories have them in turn, unless it is said which has which.
   */
  label?: LabelChoice;
  /**
   * Classifier-free guidance (Ho and Salimans, arXiv 2207.12598): D_none + guidance (D_label - D_none), which costs
   * two evaluations of the network for each of the field. Default 1: the labelled network alone.
   */
  guidance?: number;
  /**
   * How the GPU computes, default 'f32'. Otherwise the field is that of the parameters rounded to float16, in float64
   * too; docs/architecture.md has measured what that costs, and what matrix units do besides.
   */
  precision?: Precision;
}

/** A network as a field reads it: everything that was left to a default is there. */
export interface FieldNetwork extends MlpModel, Required<Omit<MlpFieldOptions, 'label'>> {
  /** Their numbers, by condition; `classes` for none. */
  labels: readonly number[];
}

/**
 * A network as a field. Its features are those of the labelled network, whatever the guidance.
 * @throws FewstepError bad-argument for other entries; bad-shape where the parameters are not those of the
 *   configuration, bad-argument or unknown-name for a label or a guidance that the model cannot have, or for parameters
 *   that its precision cannot hold
 */
export function mlpField(model: MlpModel, options: MlpFieldOptions = {}): Field {
  checkEntries<MlpFieldOptions>("mlpField's options", options, {
    label: false,
    guidance: false,
    precision: false,
  });
  checkModel(model);
  const { config, scaling } = model;
  checkParameters(config, model.parameters);
  const { guidance = 1, precision = 'f32' } = options;
  const labels =
    options.label === undefined ? [config.classes] : labelsOf(config, model.labelNames, options.label);
  checkGuidance(model, options);
  if (!PRECISIONS.includes(precision)) throw unknownName('precision', precision, PRECISIONS);
  // A copy, of whichever kind of array they were.
  const own = Float32Array.from(model.parameters);
  const parameters = precision === 'f32' ? own : roundedToHalf(config, own);
  const network: FieldNetwork = { ...model, parameters, labels, guidance, precision };
  const guided = guidance !== 1;
  const { convention } = config;
  let whole: Field | undefined;
  let kept: MlpReference | undefined;
  const reference = () => {
    kept ??= new MlpReference(config, parameters);
    return kept;
  };
  return {
    kind: 'mlp',
    dim: config.dim,
    scaling,
    ...(labels.length > 1 && { conditions: labels.length }),
    get whole() {
      const isPart = options.label !== undefined && !isWhole(labels, config.classes);
      if (isPart) whole ??= mlpField(model, { ...options, label: [...Array(config.classes).keys()] });
      return whole;
    },
    ...(convention && { sigmaRange: new ConventionTable(convention, config.sigmaData).range }),
    denoise(x, sigma, out, condition = 0) {
      out.set(reference().forward(x, sigma, labels[condition]).denoised);
      if (!guided) return;
      const { denoised } = reference().forward(x, sigma);
      for (let d = 0; d < config.dim; d++) out[d] = denoised[d] + guidance * (out[d] - denoised[d]);
    },
    gradient(x, sigma, cotangent, out, condition = 0) {
      const pullBack = (given: number) => reference().vjp(reference().forward(x, sigma, given), cotangent);
      const labelled = pullBack(labels[condition]);
      out.set(labelled.x);
      if (!guided) return labelled.sigma;
      const plain = pullBack(config.classes);
      for (let d = 0; d < config.dim; d++) out[d] = plain.x[d] + guidance * (out[d] - plain.x[d]);
      return plain.sigma + guidance * (labelled.sigma - plain.sigma);
    },
    features(x, sigma, out, condition = 0) {
      out.set(reference().features(reference().forward(x, sigma, labels[condition])));
    },
    prepare: (gpu) => prepareMlp(gpu, network),
    prepareFused: (gpu) => prepareFusedMlp(gpu, network),
    prepareGradient: (gpu) => prepareMlpGradient(gpu, network),
    prepareProducts: (gpu) => prepareMlpProducts(gpu, network),
  };
}

/** Whether these are all labels in their order. */
function isWhole(labels: readonly number[], classes: number): boolean {
  return labels.length === classes && labels.every((label, i) => label === i);
}

async function prepareMlp(gpu: Gpu, given: FieldNetwork): Promise<PreparedField> {
  const { network, buffers, labelsOfRun, guided } = await upload(gpu, given, ['forward']);
  const [plain, featured] = await Promise.all([
    network.kernel('mlp/forward', { guided }),
    network.kernel('mlp/forward', { guided, features: true }),
  ]);
  return {
    ...operationOf(plain),
    boundBytes: (capacity) => labelBytes(given.labels, capacity),
    bind(batch): BoundField {
      const { features } = batch;
      const { buffer: labels, tell, destroy } = labelsOfRun(batch);
      const bound = boundKernel(
        features ? featured : plain,
        { ...shared(batch), ...buffers, labels, ...(features && { features }) },
        (count) => network.workgroups('forward', count),
      );
      return { ...bound, ...(tell && { tell }), destroy };
    },
  };
}

async function prepareFusedMlp(gpu: Gpu, given: FieldNetwork): Promise<FusedField> {
  const { network, buffers, labelsOfRun, guided } = await upload(gpu, given, ['together', 'forward']);
  // Trajectories that have columns, or labels, of their own are not told the same.
  const together = ({ columned }: Pick<FusedVariant, 'columned'>) => !columned && given.labels.length === 1;
  return {
    group: (needed) => network.tilePlan(together(needed) ? 'together' : 'forward').trajectories,
    inMemory: true,
    numbers: 0,
    costly: true,
    buffers,
    bound(capacity) {
      const { buffer, ...rest } = labelsOfRun({ capacity });
      return { ...rest, buffers: { labels: buffer } };
    },
    boundBytes: (capacity) => labelBytes(given.labels, capacity),
    kernel(needed) {
      const { conditions, constants } = planVariant(needed);
      const features = needed.asking?.reads.hidden ?? false;
      const asking = needed.asking && tileAsking(gpu, network.tilePlan('forward'), needed.asking);
      return network.kernel(
        'fused/mlp',
        { guided, features, together: together(needed) },
        {
          conditions: { ...conditions, ...asking?.conditions },
          constants: { ...constants, ...asking?.constants },
        },
      );
    },
  };
}

/** A network on the device, with what its kernels read besides. */
async function upload(
  gpu: Gpu,
  { config, parameters, labels, guidance, precision }: FieldNetwork,
  uses: readonly TileUse[],
) {
  const network = await tunedNetwork(gpu, config, parameters, uses, precision);
  const buffers = {
    ...network.bindings,
    matrices: network.parameters,
    guidance: gpu.buffer('guidance', GPUBufferUsage.UNIFORM, Float32Array.of(guidance)),
  };
  return { network, buffers, labelsOfRun: runLabels(gpu, labels), guided: guidance !== 1 };
}

function checkModel(model: unknown): void {
  if (isObject(model) && isObject(model.config)) return;
  throw new FewstepError(
    'bad-argument',
    `the model is ${shown(model)}, not an MlpModel`,
    isPromise(model) ? 'await it' : 'give what loadModel or decodeModel returns, or { config, parameters }',
  );
}

function checkGuidance(
  { config: { classes }, labelNames }: MlpModel,
  { label, guidance = 1 }: MlpFieldOptions,
): void {
  if (!Number.isFinite(guidance)) {
    throw new FewstepError('bad-argument', `the guidance is ${guidance}`, 'give a finite number');
  }
  if (guidance !== 1 && label === undefined) {
    throw new FewstepError(
      'bad-argument',
      'guidance was given without a label',
      classes > 0
        ? `give the label to guide to: ${whatThereIs(classes, labelNames)}`
        : 'this model takes no labels',
    );
  }
}
