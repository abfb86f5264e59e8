import { silu, siluSlope } from './activation.js';
import { featureGroup, featureLayer, frequencies, HIDDEN_FEATURES, type MlpConfig } from './config.js';
import { checkParameters, type LayerTensors, type ParameterLayout, parameterLayout } from './parameters.js';
import { type Preconditioning, preconditioning } from './precondition.js';

/** What a forward pass comes by, in the order of the formulas. */
export interface Pass {
  x: Float64Array;
  sigma: number;
  label: number;
  /** Time embedding, label included, [embedding.size]. */
  embedding: Float64Array;
  /** The hidden layers before SiLU, [layers][width]. */
  z: Float64Array[];
  /** F, [dim]. */
  output: Float64Array;
  denoised: Float64Array;
}

/**
 * The network of one state in float64, plain: the truth that the kernels are compared with.
 *
 *   u = c_in x,  e = embedding(c_noise) + labels[label]
 *   z_0 = W_0 u + T_0 e + b_0,  z_l = W_l silu(z_{l-1}) + T_l e + b_l  (+ z_{l-1} if residual)
 *   F = W_L silu(z_{L-1}) + T_L e + b_L,  D = c_skip x + c_out F
 */
export class MlpReference {
  private readonly layout: ParameterLayout;
  private readonly frequencies: Float64Array;
  private readonly preconditioning: Preconditioning;

  /** @param parameters [layout.size] as parameterLayout says, in any precision */
  constructor(
    readonly config: MlpConfig,
    private readonly parameters: ArrayLike<number>,
  ) {
    checkParameters(config, parameters);
    this.layout = parameterLayout(config);
    this.frequencies = frequencies(config.embedding);
    this.preconditioning = preconditioning(config);
  }

  /** D(x, sigma | label) and all on the way. @param label `config.classes` for none */
  forward(x: Float64Array, sigma: number, label = this.config.classes): Pass {
    const { layers, residual } = this.config;
    const scale = this.preconditioning.at(sigma);
    const embedding = this.embed(scale.noise, label);
    const z: Float64Array[] = [];
    let input = x.map((value) => scale.input * value);
    for (let l = 0; l < layers; l++) {
      const sum = this.product(this.layout.layers[l], input, embedding, true);
      if (residual && l > 0) add(sum, z[l - 1]);
      z.push(sum);
      input = sum.map(silu);
    }
    const output = this.product(this.layout.layers[layers], input, embedding, true);
    const denoised = x.map((value, d) => scale.skip * value + scale.out * output[d]);
    return { x, sigma, label, embedding, z, output, denoised };
  }

  /** The hidden features that a predictor reads, [HIDDEN_FEATURES]; config.ts says which. */
  features({ z }: Pass): Float64Array {
    const hidden = z[featureLayer(this.config)].map(silu);
    return Float64Array.from({ length: HIDDEN_FEATURES }, (_, j) => {
      const { first, end } = featureGroup(this.config.width, j);
      return hidden.subarray(first, end).reduce((sum, value) => sum + value, 0) / (end - first);
    });
  }

  /** The derivative of D along (dx, dsigma), [dim]. */
  jvp({ x, sigma, z, output }: Pass, dx: Float64Array, dsigma: number): Float64Array {
    const { layers, residual } = this.config;
    const scale = this.preconditioning.at(sigma);
    const slope = this.preconditioning.slope(sigma);
    const embedding = this.embeddingSlope(scale.noise).map((value) => value * slope.noise * dsigma);
    let input = x.map((value, d) => scale.input * dx[d] + slope.input * dsigma * value);
    let before: Float64Array | undefined;
    for (let l = 0; l < layers; l++) {
      const dz = this.product(this.layout.layers[l], input, embedding, false);
      if (residual && before) add(dz, before);
      input = dz.map((value, i) => value * siluSlope(z[l][i]));
      before = dz;
    }
    const dOutput = this.product(this.layout.layers[layers], input, embedding, false);
    return x.map(
      (value, d) =>
        scale.skip * dx[d] +
        slope.skip * dsigma * value +
        scale.out * dOutput[d] +
        slope.out * dsigma * output[d],
    );
  }

  /**
   * The gradient of cotangent . D with respect to x and sigma.
   * @param gradient where the gradient of the parameters is added, [layout.size]
   */
  vjp(
    { x, sigma, label, embedding, z, output }: Pass,
    cotangent: Float64Array,
    gradient?: Float64Array,
  ): { x: Float64Array; sigma: number } {
    const { layers, residual } = this.config;
    const scale = this.preconditioning.at(sigma);
    const slope = this.preconditioning.slope(sigma);
    const toEmbedding = new Float64Array(embedding.length);
    let delta = cotangent.map((value) => scale.out * value);
    let toInput: Float64Array = new Float64Array(0);
    for (let l = layers; l >= 0; l--) {
      const tensors = this.layout.layers[l];
      const input = l > 0 ? z[l - 1].map(silu) : x.map((value) => scale.input * value);
      if (gradient) this.addGradient(tensors, input, embedding, delta, gradient);
      toInput = this.transposedProduct(tensors.weight, delta);
      add(toEmbedding, this.transposedProduct(tensors.time, delta));
      if (l === 0) break;
      const next = toInput.map((value, i) => value * siluSlope(z[l - 1][i]));
      if (residual && l < layers) add(next, delta);
      delta = next;
    }
    if (gradient && this.layout.labels) {
      const { offset, stride } = this.layout.labels;
      add(gradient.subarray(offset + label * stride), toEmbedding);
    }
    return {
      x: cotangent.map((value, d) => scale.skip * value + scale.input * toInput[d]),
      sigma:
        slope.skip * dot(x, cotangent) +
        slope.out * dot(output, cotangent) +
        slope.input * dot(x, toInput) +
        slope.noise * dot(this.embeddingSlope(scale.noise), toEmbedding),
    };
  }

  private embed(noise: number, label: number): Float64Array {
    const angles = this.frequencies.map((turns) => 2 * Math.PI * turns * noise);
    const embedding = Float64Array.of(...angles.map(Math.cos), ...angles.map(Math.sin));
    if (this.layout.labels) {
      const { offset, stride } = this.layout.labels;
      for (let i = 0; i < embedding.length; i++) embedding[i] += this.parameters[offset + label * stride + i];
    }
    return embedding;
  }

  /** The derivative of the embedding with respect to c_noise. */
  private embeddingSlope(noise: number): Float64Array {
    const speeds = this.frequencies.map((turns) => 2 * Math.PI * turns);
    return Float64Array.of(
      ...speeds.map((speed) => -speed * Math.sin(speed * noise)),
      ...speeds.map((speed) => speed * Math.cos(speed * noise)),
    );
  }

  /** W input + T embedding, and b if it `hasBias`. */
  private product(
    { weight, time, bias }: LayerTensors,
    input: Float64Array,
    embedding: Float64Array,
    hasBias: boolean,
  ): Float64Array {
    const sum = new Float64Array(weight.columns);
    for (const [tensor, values] of [[weight, input] as const, [time, embedding] as const]) {
      for (let row = 0; row < tensor.rows; row++) {
        const start = tensor.offset + row * tensor.stride;
        for (let i = 0; i < sum.length; i++) sum[i] += values[row] * this.parameters[start + i];
      }
    }
    if (hasBias) for (let i = 0; i < sum.length; i++) sum[i] += this.parameters[bias.offset + i];
    return sum;
  }

  private transposedProduct(tensor: LayerTensors['weight'], delta: Float64Array): Float64Array {
    return Float64Array.from({ length: tensor.rows }, (_, row) => {
      const start = tensor.offset + row * tensor.stride;
      let sum = 0;
      for (let i = 0; i < delta.length; i++) sum += delta[i] * this.parameters[start + i];
      return sum;
    });
  }

  private addGradient(
    { weight, time, bias }: LayerTensors,
    input: Float64Array,
    embedding: Float64Array,
    delta: Float64Array,
    gradient: Float64Array,
  ): void {
    const one = Float64Array.of(1);
    for (const [tensor, values] of [
      [weight, input] as const,
      [time, embedding] as const,
      [bias, one] as const,
    ]) {
      for (let row = 0; row < tensor.rows; row++) {
        const start = tensor.offset + row * tensor.stride;
        for (let i = 0; i < delta.length; i++) gradient[start + i] += values[row] * delta[i];
      }
    }
  }
}

function add(sum: Float64Array, values: Float64Array): void {
  for (let i = 0; i < values.length; i++) sum[i] += values[i];
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
