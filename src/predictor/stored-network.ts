import * as v from 'valibot';
import { conform } from '../io/schema.js';
import { type NetworkTensor, networkLayout } from './network-config.js';
import type { StoredNetwork } from './predictor.js';
import {
  finite,
  positive,
  type Refusal,
  type StoredKind,
  scheduleEntries,
  schedulesOf,
} from './stored-kind.js';

const schedulesSchema = schedulesOf({
  ...scheduleEntries,
  offsets: v.optional(v.array(v.strictTuple([finite, finite, finite]))),
});
const scale = v.pipe(v.number(), v.minValue(0), v.ltValue(1));
const networkSchema = v.strictObject({
  scaleDirection: scale,
  scaleTime: scale,
  reads: v.picklist(['hidden', 'state', 'times']),
  std: positive,
});

/**
 * AMED's networks: `schedules` are those of a table and, where the network corrects one, `offsets`, three logits a step;
 * `network` is the configuration and the standard deviation of the data. Tensors:
 *
 *   network.*     F32 [rows, columns]  those of `networkLayout`
 *   figures.mean  F32 [dim]            the mean of the data
 */
export const storedNetwork: StoredKind<StoredNetwork> = {
  encode({ schedules, config, parameters, figures }, refuse) {
    const listed = schedules.map(({ nfe, grid, times, offsets }) => ({
      ...{ nfe, grid, times },
      ...(offsets && { offsets: offsets.map((offset) => [...offset]) }),
    }));
    checkOffsets(schedules, refuse);
    const network = conform(networkSchema, { ...config, std: figures.std }, refuse);
    return {
      metadata: {
        schedules: JSON.stringify(conform(schedulesSchema, listed, refuse)),
        network: JSON.stringify(network),
      },
      tensors: [
        ['figures.mean', { shape: [figures.mean.length], values: figures.mean }],
        ...networkLayout(config).tensors.map((tensor) => {
          const { shape, offset } = tensor;
          const values = parameters.slice(offset, offset + shape[0] * shape[1]);
          return [tensorName(tensor), { shape, values }] as const;
        }),
      ],
    };
  },
  decode({ solver, afs, dim, entry, tensor, bad }) {
    const schedules = entry('schedules', schedulesSchema);
    checkOffsets(schedules, bad);
    const { std, ...config } = entry('network', networkSchema);
    const mean = tensor('figures.mean', Float32Array, [config.reads === 'state' ? dim : undefined]).values;
    const { tensors, size } = networkLayout(config);
    const parameters = new Float32Array(size);
    for (const part of tensors) {
      parameters.set(tensor(tensorName(part), Float32Array, part.shape).values, part.offset);
    }
    return { kind: 'network', solver, afs, schedules, config, parameters, figures: { mean, std } };
  },
};

function tensorName({ name }: NetworkTensor): string {
  return `network.${name}`;
}

function checkOffsets(schedules: StoredNetwork['schedules'], refuse: Refusal): void {
  for (const { nfe, times, offsets } of schedules) {
    if (!offsets || offsets.length === times.length - 1) continue;
    throw refuse(`its schedule for NFE ${nfe} has ${offsets.length} offsets for ${times.length - 1} steps`);
  }
}
