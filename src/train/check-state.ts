import { FewstepError } from '../errors.js';
import { checkWhole } from '../execute/inputs.js';
import type { MlpConfig } from '../mlp/config.js';
import { parameterLayout } from '../mlp/parameters.js';
import type { Moments } from './optimiser.js';

/**
 * That a training can go on from a state: each network's numbers are the configuration's.
 * @throws FewstepError bad-shape naming what has another length, bad-argument for a step that is no whole number
 */
export function checkState(
  config: MlpConfig,
  step: number,
  ...learners: readonly (Moments & { parameters: Float32Array })[]
): void {
  checkWhole('step of the state', step, 0);
  const { size } = parameterLayout(config);
  for (const { parameters, average, first, second } of learners) {
    for (const [name, values] of Object.entries({ parameters, average, first, second })) {
      if (values?.length === size) continue;
      throw new FewstepError(
        'bad-shape',
        `the state has ${values?.length ?? 'no'} numbers of '${name}', for a network of ${size}`,
        'go on from a state of this network',
      );
    }
  }
}
