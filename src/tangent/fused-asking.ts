import type { Asking } from '../field/fused.js';
import type { FusedAsking } from '../predictor/fused-asking.js';
import type { Plan } from '../solver/plan.js';
import { mapScalars } from '../solver/scalars.js';
import { HIDDEN, tangentLayout } from './tangent-layout.js';
import { moveStructs, ROW_HEAD } from './tangent-pass.js';
import { MOVES, shifted, type TangentColumn } from './tangent-plan.js';
import { sharedMoves, type TangentPredictor } from './tangent-predictor.js';

/** The variant of the fused kernels that ask tangent networks. */
export const TANGENT_ASKING: Asking = {
  reads: { hidden: false, state: true },
  hiddenQuads: HIDDEN / 4,
  conditions: { predicted: true, tangent: true },
  constants: {},
};

/** Tangent networks inside a fused run: shaders/fused/tangent_asked.wgsl. */
export function tangentAsking(predictor: TangentPredictor): FusedAsking {
  const { tangent, figures } = predictor;
  const { plan, evaluations, columns } = tangent;
  const { dim, networks } = tangentLayout(tangent, figures.mean.length);
  const answers = MOVES * evaluations.length;
  const bases = sharedBases(predictor);
  const rows = columns.flatMap(({ logarithmic, slopes }, c) => [
    bases[c],
    logarithmic ? 1 : 0,
    ...slopes.subarray(0, answers),
  ]);
  return {
    variant: TANGENT_ASKING,
    plan: begun(plan, bases, tangent.beginning.end),
    after: new Map(evaluations.map(({ operation }, k) => [operation, k])),
    asked: (place) =>
      evaluations.map(({ previous, moves, columns: own }, k) => ({
        weights: networks[k].hiddenWeight.offset / 4,
        hidden_quads: HIDDEN / 4,
        previous: previous === undefined ? -1 : place(previous),
        dim,
        spread: figures.std,
        answers: plan.columns,
        answered: MOVES * (k + 1),
        moving: firstMoving(columns.slice(own.first, own.end), MOVES * k),
        first_column: own.first,
        end_column: own.end,
        tangent_width: ROW_HEAD + answers,
        moves: moveStructs(moves),
      })),
    center: Float32Array.from([...figures.mean, ...rows]),
  };
}

/** The first move that reaches any of these columns; `last` where it is none before. */
function firstMoving(columns: readonly TangentColumn[], last: number): number {
  return Math.min(
    last,
    ...columns.map(({ slopes }) => slopes.findIndex((slope) => slope !== 0)).filter((j) => j >= 0),
  );
}

/** The columns once what all trajectories share has moved, [columns]. */
function sharedBases(predictor: TangentPredictor): number[] {
  const { columns, evaluations } = predictor.tangent;
  const moves = sharedMoves(predictor);
  const first = MOVES * evaluations.length;
  return columns.map((column) =>
    shifted(
      column,
      moves.reduce((sum, move, p) => sum + column.slopes[first + p] * move, 0),
    ),
  );
}

/** The plan with numbers for its columns before `end`, which are read before anything is answered. */
function begun(plan: Plan, bases: readonly number[], end: number): Plan {
  const operations = plan.operations.map((operation) =>
    mapScalars(operation, (scalar) =>
      typeof scalar === 'number' || scalar.column >= end
        ? scalar
        : scalar.offset + scalar.scale * bases[scalar.column],
    ),
  );
  return { ...plan, operations };
}
