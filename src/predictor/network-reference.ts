import { sigmoid, silu, siluSlope } from '../mlp/activation.js';
import type { Answer } from '../solver/amed.js';
import {
  BOTTLENECK,
  checkNetwork,
  HEAD_INPUTS,
  type HeadName,
  HIDDEN,
  type NetworkConfig,
  type NetworkLayout,
  type NetworkTensor,
  networkLayout,
  READ_FEATURES,
  TIME_CHANNELS,
} from './network-config.js';
import type { PredictedStep } from './predicted-plan.js';

/** What a forward pass of g_phi comes by. */
export interface NetworkPass {
  features: Float64Array;
  /** The hidden layer before SiLU, [HIDDEN]. */
  z: Float64Array;
  /** Of both times: sines and cosines, and the shared layer before SiLU. */
  times: { waves: Float64Array; z: Float64Array }[];
  /** What the heads read, [HEAD_INPUTS]. */
  read: Float64Array;
  /** Of each head. */
  logits: number[];
  answer: Answer;
}

/** The step that is asked about. */
export type AskedStep = Pick<PredictedStep, 'current' | 'next'> & Partial<Pick<PredictedStep, 'offset'>>;

/**
 * AMED's predictor g_phi in float64, plain: the truth that the kernels are compared with (arXiv 2312.00094 and its
 * reference code).
 *
 *   o = W_2 silu(W_1 f + b_1) + b_2,  e(t) = silu(T [sin(t w), cos(t w)] + b),  w_k = 10000^(-k/3)
 *   r = sigmoid(head(o, e(t_c), e(t_n))),  scales 2 s sigmoid(head) + 1 - s
 */
export class NetworkReference {
  private readonly layout: NetworkLayout;

  /** @param parameters [networkLayout.size], in any precision */
  constructor(
    readonly config: NetworkConfig,
    private readonly parameters: ArrayLike<number>,
  ) {
    checkNetwork(config, parameters);
    this.layout = networkLayout(config);
  }

  /** @param features [READ_FEATURES]; zeros where there are none */
  forward(features: Float64Array, { current, next, offset }: AskedStep): NetworkPass {
    const { hiddenWeight, hiddenBias, outputWeight, outputBias, heads } = this.layout;
    const z = Float64Array.from({ length: HIDDEN }, (_, h) => {
      let sum = this.at(hiddenBias, h);
      for (let i = 0; i < READ_FEATURES; i++)
        sum += this.at(hiddenWeight, h * READ_FEATURES + i) * features[i];
      return sum;
    });
    const output = Float64Array.from({ length: BOTTLENECK }, (_, j) =>
      z.reduce(
        (sum, value, h) => sum + silu(value) * this.at(outputWeight, h * BOTTLENECK + j),
        this.at(outputBias, j),
      ),
    );
    const times = [current, next].map((time) => this.embed(time));
    const read = Float64Array.of(...output, ...times.flatMap(({ z: layer }) => [...layer.map(silu)]));
    const [r, direction, time] = offset ?? [0, 0, 0];
    const added = { r, direction, time };
    const logits = heads.map(({ name, weight, bias }) =>
      read.reduce((sum, value, i) => sum + value * this.at(weight, i), this.at(bias, 0) + added[name]),
    );
    const of = (name: HeadName) => {
      const index = heads.findIndex((head) => head.name === name);
      return index < 0 ? undefined : sigmoid(logits[index]);
    };
    const scaled = (s: number, share?: number) => (share === undefined ? 1 : 2 * s * share + 1 - s);
    const answer = {
      r: of('r')!,
      direction: scaled(this.config.scaleDirection, of('direction')),
      time: scaled(this.config.scaleTime, of('time')),
    };
    return { features, z, times, read, logits, answer };
  }

  /** Adds the gradient of the parameters, given that of the answer. Features are taken as they are. */
  backward({ features, z, times, read, logits }: NetworkPass, given: Answer, gradient: Float64Array): void {
    const { hiddenWeight, hiddenBias, outputWeight, outputBias, timeWeight, timeBias, heads } = this.layout;
    const { scaleDirection, scaleTime } = this.config;
    const slopes = { r: 1, direction: 2 * scaleDirection, time: 2 * scaleTime };
    const toRead = new Float64Array(HEAD_INPUTS);
    for (const [k, { name, weight, bias }] of heads.entries()) {
      const share = sigmoid(logits[k]);
      const delta = given[name] * slopes[name] * share * (1 - share);
      for (let i = 0; i < HEAD_INPUTS; i++) {
        gradient[weight.offset + i] += delta * read[i];
        toRead[i] += delta * this.at(weight, i);
      }
      gradient[bias.offset] += delta;
    }
    for (let h = 0; h < HIDDEN; h++) {
      let toHidden = 0;
      for (let j = 0; j < BOTTLENECK; j++) {
        gradient[outputWeight.offset + h * BOTTLENECK + j] += silu(z[h]) * toRead[j];
        toHidden += this.at(outputWeight, h * BOTTLENECK + j) * toRead[j];
      }
      const delta = toHidden * siluSlope(z[h]);
      gradient[hiddenBias.offset + h] += delta;
      for (let i = 0; i < READ_FEATURES; i++)
        gradient[hiddenWeight.offset + h * READ_FEATURES + i] += delta * features[i];
    }
    for (let j = 0; j < BOTTLENECK; j++) gradient[outputBias.offset + j] += toRead[j];
    for (const [n, { waves, z: layer }] of times.entries()) {
      for (let o = 0; o < TIME_CHANNELS; o++) {
        const delta = toRead[BOTTLENECK + n * TIME_CHANNELS + o] * siluSlope(layer[o]);
        gradient[timeBias.offset + o] += delta;
        for (let i = 0; i < TIME_CHANNELS; i++) {
          gradient[timeWeight.offset + o * TIME_CHANNELS + i] += delta * waves[i];
        }
      }
    }
  }

  private embed(time: number): { waves: Float64Array; z: Float64Array } {
    const half = TIME_CHANNELS / 2;
    const angles = Array.from({ length: half }, (_, k) => time * 10000 ** (-k / (half - 1)));
    const waves = Float64Array.of(...angles.map(Math.sin), ...angles.map(Math.cos));
    const z = Float64Array.from({ length: TIME_CHANNELS }, (_, o) =>
      waves.reduce(
        (sum, wave, i) => sum + wave * this.at(this.layout.timeWeight, o * TIME_CHANNELS + i),
        this.at(this.layout.timeBias, o),
      ),
    );
    return { waves, z };
  }

  private at({ offset }: NetworkTensor, i: number): number {
    return this.parameters[offset + i];
  }
}
