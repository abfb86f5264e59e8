import type { SidSettings } from './settings.js';

/** How shaders/sid/loss.wgsl weighs its three sums, and whether these are normalised or divided by sigma^2. */
export interface Objective {
  l1: number;
  l2: number;
  l3: number;
  normalised: boolean;
}

export function objectiveOf({
  loss,
  alpha,
  weighting,
}: Pick<SidSettings, 'loss' | 'alpha' | 'weighting'>): Objective {
  const none = { l1: 0, l2: 0, l3: 0, normalised: weighting === 'x0' };
  return loss === 'l2-alpha-l1' ? { ...none, l1: -alpha, l2: 1 } : { ...none, [loss]: 1 };
}
