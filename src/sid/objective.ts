import type { SidSettings } from './settings.js';

/** How shaders/sid/loss.wgsl weighs its three sums; with x_0 in place of noise it is `normalised`. */
export interface Objective {
  l1: number;
  l2: number;
  l3: number;
  normalised: boolean;
}

export function objectiveOf({ loss, alpha }: Pick<SidSettings, 'loss' | 'alpha'>): Objective {
  const none = { l1: 0, l2: 0, l3: 0, normalised: false };
  if (loss === 'l2-alpha-l1') return { ...none, l1: -alpha, l2: 1, normalised: true };
  return { ...none, [loss]: 1 };
}
