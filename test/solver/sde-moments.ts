import type { Plan } from '../../src/solver/plan.js';

/** A state as a sum of independent standard normals: its mean, and the factor of each, the latents' being the first. */
interface Sum {
  mean: number;
  /** Up to the last that is not 0. */
  factors: readonly number[];
}

export interface Moments {
  mean: number;
  variance: number;
}

function sum(terms: readonly (readonly [coefficient: number, of: Sum])[], constant = 0): Sum {
  const factors = new Array<number>(Math.max(...terms.map(([, of]) => of.factors.length))).fill(0);
  let mean = constant;
  for (const [coefficient, of] of terms) {
    mean += coefficient * of.mean;
    for (let draw = 0; draw < of.factors.length; draw++) factors[draw] += coefficient * of.factors[draw];
  }
  return { mean, factors };
}

/** Mean and variance of what a plan returns where the data are N(mu, s^2), whose D is linear: exact, no sampling. */
export function momentsOf(plan: Plan, { mu, s }: { mu: number; s: number }): Moments {
  const slots: Sum[] = [{ mean: 0, factors: [plan.times[0]] }];
  for (const operation of plan.operations) {
    switch (operation.kind) {
      case 'evaluate': {
        const t = operation.time as number;
        const x = slots[operation.state];
        const denoised = sum([[(s * s) / (s * s + t * t), x]], (t * t * mu) / (s * s + t * t));
        slots[operation.out] =
          operation.output === 'denoised'
            ? denoised
            : sum([
                [1 / (operation.divisor as number), x],
                [-1 / (operation.divisor as number), denoised],
              ]);
        break;
      }
      case 'combine':
        slots[operation.out] = sum(
          operation.terms.map(({ coefficient, slot }) => [coefficient as number, slots[slot]] as const),
        );
        break;
      case 'noise': {
        const { mean, factors } = slots[operation.state];
        const drawn = [...factors];
        while (drawn.length <= operation.draw) drawn.push(0);
        slots[operation.out] = { mean, factors: [...drawn, operation.scale] };
        break;
      }
      default:
        throw new Error(`no moments of '${operation.kind}'`);
    }
  }
  const { mean, factors } = slots[plan.states[plan.states.length - 1]];
  return { mean, variance: factors.reduce((total, factor) => total + factor * factor, 0) };
}
