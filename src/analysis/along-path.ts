import type { Evaluate, Plan, Slot } from '../solver/plan.js';

/**
 * A plan that evaluates the velocity at every state of the grid besides what it does already: N more evaluations, in
 * the same run. Solvers evaluate elsewhere too, at predictions, and not at their last state.
 *
 * @returns the plan, and the slots of the velocities, one a time of the grid
 */
export function withVelocities(plan: Plan): { plan: Plan; velocities: Slot[] } {
  const velocities = plan.states.map((_, i) => plan.slots + i);
  const evaluates = plan.states.map(
    (state, i): Evaluate => ({
      kind: 'evaluate',
      state,
      time: plan.times[i],
      output: 'velocity',
      divisor: plan.times[i],
      out: velocities[i],
    }),
  );
  return {
    plan: {
      ...plan,
      operations: [...plan.operations, ...evaluates],
      slots: plan.slots + evaluates.length,
    },
    velocities,
  };
}
