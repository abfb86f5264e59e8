import { analyticalFirst } from './afs.js';
import type { Operation, Plan, Scalar, Slot } from './plan.js';
import { scalarsOf } from './scalars.js';

/** What solvers write their plans with: one call an operation, each of which returns the slot that it writes. */
export class PlanBuilder {
  /** The slot of x at the first time. */
  readonly start: Slot = 0;
  private readonly operations: Operation[] = [];
  private readonly states: Slot[] = [0];
  private slots = 1;
  private draws = 0;
  private analytical: boolean;

  /**
   * @param times decreasing times of the grid
   * @param afs whether the first evaluation is analytical: D from the prior alone, at no cost
   * @param keepZeros whether terms of coefficient 0 stay, so that the plan's structure does not depend on its numbers
   */
  constructor(
    readonly times: readonly number[],
    private readonly afs = false,
    private readonly keepZeros = false,
  ) {
    this.analytical = afs;
  }

  /** The velocity d = (x - D(x, time)) / time; with a `divisor` the field is told another time than is divided by. */
  velocity(state: Slot, time: Scalar, divisor: Scalar = time): Slot {
    return this.evaluate('velocity', state, time, divisor);
  }

  /** The denoised D(x, time). */
  denoised(state: Slot, time: Scalar): Slot {
    return this.evaluate('denoised', state, time, time);
  }

  /** sum of coefficient * slot, of at most 30 terms. */
  combine(...terms: (readonly [coefficient: Scalar, slot: Slot])[]): Slot {
    const kept = this.keepZeros ? terms : terms.filter(([coefficient]) => coefficient !== 0);
    return this.push({
      kind: 'combine',
      terms: kept.map(([coefficient, slot]) => ({ coefficient, slot })),
      out: this.slots,
    });
  }

  /** x + h v. */
  euler(state: Slot, velocity: Slot, h: Scalar): Slot {
    return this.combine([1, state], [h, velocity]);
  }

  /** x + scale (at - start) v, each of the three for the batch or per trajectory: the Euler prediction at s_n. */
  eulerAt(
    state: Slot,
    velocity: Slot,
    { start, at, scale = 1 }: { start: Scalar; at: Scalar; scale?: Scalar },
  ): Slot {
    return this.push({ kind: 'euler-at', state, velocity, start, at, scale, out: this.slots });
  }

  /** The same vector for every trajectory, [dim]. */
  constant(values: readonly number[]): Slot {
    return this.push({ kind: 'constant', values: [...values], out: this.slots });
  }

  /** x + scale z, with fresh standard normal z. */
  noise(state: Slot, scale: number): Slot {
    if (scale === 0) return state;
    return this.push({ kind: 'noise', state, scale, draw: this.draws++, out: this.slots });
  }

  /** Declares the state at the next time of the grid, and returns its slot. */
  reach(state: Slot): Slot {
    const evaluated = this.operations.some(
      (operation) => operation.kind === 'evaluate' && operation.out === state,
    );
    // Updates look for NaN, evaluations do not: what comes straight from the field passes through one.
    const reached = evaluated ? this.combine([1, state]) : state;
    this.states.push(reached);
    return reached;
  }

  /**
   * The plan of all that was written.
   * @param solver as one writes it, with its options
   * @throws Error where the states that were reached are not as many as the times
   */
  finish(solver: string): Plan {
    if (this.states.length !== this.times.length) {
      throw new Error(`${solver} reached ${this.states.length} of ${this.times.length} times`);
    }
    return {
      solver,
      times: this.times,
      afs: this.afs,
      operations: this.operations,
      states: this.states,
      slots: this.slots,
      columns: scalarsOf(this.operations).reduce<number>(
        (most, scalar) => (typeof scalar === 'number' ? most : Math.max(most, scalar.column + 1)),
        0,
      ),
    };
  }

  private evaluate(output: 'denoised' | 'velocity', state: Slot, time: Scalar, divisor: Scalar): Slot {
    if (this.analytical) {
      this.analytical = false;
      const shares = analyticalFirst(typeof time === 'number' ? time : this.times[0]);
      return this.combine([shares[output], state]);
    }
    return this.push({ kind: 'evaluate', state, time, output, divisor, out: this.slots });
  }

  private push(operation: Operation): Slot {
    this.operations.push(operation);
    this.slots += 1;
    return operation.out;
  }
}
