import { solve } from '../../src/execute/solve.js';
import type { Picture } from '../../src/report/results.js';
import { rowLabel } from '../../src/report/results.js';
import { evaluationTimes } from '../../src/solver/plan.js';
import type { CellContext } from './cell.js';
import type { ExactSolve } from './exact.js';
import { type Entry, identityOf } from './rows.js';
import { type Solvable, solvable } from './solvable.js';
import type { Subject } from './subject.js';

/** Trajectories drawn per picture, end points scattered, images shown. */
const TRAJECTORIES = 16;
const SCATTERED = 400;
const IMAGES = 12;

/** What the report draws of the exact flow and of some rows: paths and end points in 2-D, or images. */
export async function takePictures(
  context: CellContext,
  subject: Subject,
  exact: ExactSolve,
  shots: readonly Entry[],
): Promise<Picture[]> {
  if (subject.kind === 'vector') return [];
  const { plan } = exact;
  const flow = { plan, inputs: () => ({}), evaluationTimes: evaluationTimes(plan) };
  const pictures = [await picture(context, subject, 'exact', flow)];
  for (const { row, nfe } of shots) {
    const label = rowLabel(identityOf(row));
    pictures.push(await picture(context, subject, label, await solvable(context, row, nfe)));
  }
  return pictures;
}

async function picture(
  context: CellContext,
  subject: Subject,
  row: string,
  { plan, inputs, evaluationTimes, field = context.field }: Solvable,
): Promise<Picture> {
  const { gpu, batch, seed } = context;
  const { dim } = field;
  const evaluates = plan.operations.filter((operation) => operation.kind === 'evaluate');
  const paths = subject.kind === 'points-2d';
  const count = Math.min(batch, paths ? SCATTERED : IMAGES);
  const keep = paths ? [...plan.states, ...evaluates.map((evaluate) => evaluate.state)] : [];
  // The same seed as the cells, so picture i shows the trajectory that the errors are of.
  const { samples, kept } = await solve(gpu, field, plan, {
    latents: { batch: count, seed },
    ...inputs(count, seed),
    keep,
  });
  const base = { row, nfe: evaluates.length, samples: rounded(samples) };
  if (!paths) return base;
  const path = (slots: number[]) =>
    Array.from({ length: Math.min(count, TRAJECTORIES) }, (_, i) =>
      slots.map((slot) => rounded(kept.get(slot)!.subarray(i * dim, (i + 1) * dim))),
    );
  // Where hundreds of evaluations were made, their points are the path itself. Where they differ in time from
  // trajectory to trajectory, there is no one scale to draw them to.
  const few = evaluates.length <= 32 && evaluationTimes !== undefined;
  return {
    ...base,
    times: [...plan.times],
    trajectories: path([...plan.states]),
    evaluations: few ? path(evaluates.map((evaluate) => evaluate.state)) : undefined,
    evaluationTimes: few ? evaluationTimes : undefined,
  };
}

/** Enough digits for a plot. */
export function rounded(values: ArrayLike<number>): number[] {
  return Array.from(values, (value) => Number(value.toPrecision(5)));
}
