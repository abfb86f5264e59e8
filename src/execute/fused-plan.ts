import { FewstepError, unknownName } from '../errors.js';
import type { Field } from '../field/field.js';
import { type FusedField, type FusedVariant, fusedField, MOST_NUMBERS, SMALL_DIM } from '../field/fused.js';
import { canBroadcast } from '../gpu/broadcast.js';
import type { Gpu } from '../gpu/gpu.js';
import { hasManyRegisters } from '../gpu/registers.js';
import type { FusedAsking } from '../predictor/fused-asking.js';
import { fusedAsking, slotsReadBy, type TrajectoryPredictor } from '../predictor/trajectory-predictor.js';
import { flattened } from '../solver/flattened.js';
import { allocate, isStochastic, nfeOf, type Plan, type Slot } from '../solver/plan.js';
import { addsColumns } from './fused-turns.js';

/** One dispatch per operation, one for the whole plan, or whichever is faster: `auto`, by `fusedPlan`. */
export const EXECUTORS = ['auto', 'stepwise', 'fused'] as const;
/** One of EXECUTORS. */
export type Executor = (typeof EXECUTORS)[number];

/** @throws FewstepError unknown-name unless it is left out, or one of EXECUTORS */
export function checkExecutor(executor: Executor = 'auto'): void {
  if (!EXECUTORS.includes(executor)) throw unknownName('executor', String(executor), EXECUTORS);
}

/** A plan as a fused kernel runs it. */
export interface FusedPlan {
  /** The plan as the kernel runs it. */
  plan: Plan;
  field: FusedField;
  variant: FusedVariant;
  /** The register of each slot. */
  registers: readonly number[];
  /** How the kernel asks for the plan's columns, where something answers them while it runs. */
  asking?: FusedAsking;
}

/**
 * Kernels come with room for so many states besides the one that is evaluated; a plan takes the least that does. A
 * bespoke solver of K evaluations keeps K + 2.
 */
const PLACES = [3, 6, 8, 12, 16, 24] as const;
/**
 * Numbers that `auto` has an invocation hold in registers on hardware at most, of a plan's places and of the five
 * states that a kernel has besides. Compiled for AMD's RDNA 3, of whose 256 registers a lane up to 18 are in memory at
 * 252 and 272 numbers, and 229 to 377 at 336 and 348. For Intel's Gen 12, with 64 a lane, none is at 22 to 34, 13 are
 * at 44 and 34 at 58.
 */
const [MOST_HELD, MOST_HELD_BY_FEW, OWN_STATES] = [272, 40, 5];
/** With a predictor lavapipe takes half a minute to compile room for more than 12 states, unless it is for so few numbers. */
const [USUAL_ROOM, FEW_NUMBERS] = [12, 192];
/**
 * Evaluations of a solve, of all trajectories, from which fusing gains on software what compiling a kernel of whole plans
 * takes: so many gain 0.5 s in 2-D and 1.3 in 64-D on lavapipe, of two cores, which compiles it for 0.5 to 2 and for 6 to 29.
 * The driver keeps what it compiled, so the next process gains.
 */
const WORTH_COMPILING = 1e6;
/** The kinds of operation that fusedTurns knows. */
const KINDS: readonly string[] = ['evaluate', 'combine', 'euler-at', 'constant', 'noise'];

/**
 * The rule of `auto`: fused wherever that is possible and there are two evaluations to fuse. It is possible where the
 * field has a fused form and the plan's slots find room. On software adapters it has to gain as well, `gainsBySoftware`, and
 * more than it takes to compile.
 * @param predictor who fills the plan's columns while it runs
 * @param evaluations that are made with the kernel, of all trajectories; by default so many that compiling does not count
 * @returns undefined where the plan is to run stepwise
 * @throws FewstepError bad-argument where `fused` is asked for and not possible
 */
export async function fusedPlan(
  gpu: Gpu,
  field: Field,
  plan: Plan,
  executor: Executor,
  predictor?: TrajectoryPredictor,
  evaluations = Number.POSITIVE_INFINITY,
): Promise<FusedPlan | undefined> {
  if (executor === 'stepwise' || (executor === 'auto' && nfeOf(plan) < 2)) return undefined;
  if (executor === 'auto' && gpu.adapter.software && evaluations < WORTH_COMPILING) return undefined;
  const fused = await fusedField(gpu, field);
  const asking = predictor && fusedAsking(predictor);
  // Kernels whose states are in registers have them at hand where the predictor reads them.
  const reads = asking?.variant.reads.state && fused?.inMemory ? slotsReadBy(predictor!) : [];
  if (executor === 'auto' && fused && gpu.adapter.software && !gainsBySoftware(gpu, field, fused, asking))
    return undefined;
  const { run, place, room } = placedPlan(plan, reads, asking);
  if (executor === 'auto' && fused && !fused.inMemory && !findsRegisters(gpu, fused, asking, room))
    return undefined;
  const obstacle = obstacleTo(field, plan, fused, room);
  if (!fused || room === undefined || obstacle !== undefined) {
    if (executor === 'auto') return undefined;
    throw new FewstepError(
      'bad-argument',
      `${plan.solver} cannot run fused: ${obstacle}`,
      "use the executor 'stepwise', or 'auto', which chooses",
    );
  }
  const variant = {
    places: room,
    columned: plan.columns > 0,
    constants: plan.operations.some(({ kind }) => kind === 'constant'),
    noisy: isStochastic(plan),
    ...(asking && { asking: asking.variant }),
  };
  return { plan: run, field: fused, variant, registers: place, asking };
}

interface PlacedPlan {
  /** The plan as the kernel runs it. */
  run: Plan;
  /** Of each slot. */
  place: number[];
  /** Of the kernel that has least and enough; undefined where none has. */
  room?: number;
}

/** Plans that nobody is asked about, as they were placed: the same plan is often solved many times. */
const placedPlans = new WeakMap<Plan, PlacedPlan>();

/** Places a plan, flattened if so it finds room in a smaller kernel. */
function placedPlan(
  plan: Plan,
  reads: readonly { slot: Slot; before: number }[],
  asking: FusedAsking | undefined,
): PlacedPlan {
  const known = asking ? undefined : placedPlans.get(plan);
  if (known) return known;
  const placed = (run: Plan): PlacedPlan => {
    const { place, places } = allocate(run, [], reads, true);
    return { run, place, room: PLACES.find((count) => count >= places) };
  };
  const given = placed(plan);
  if (asking) return { ...given, run: asking.plan };
  const flat = placed(flattened(plan));
  const smaller = (flat.room ?? Number.POSITIVE_INFINITY) < (given.room ?? Number.POSITIVE_INFINITY);
  placedPlans.set(plan, smaller ? flat : given);
  return smaller ? flat : given;
}

/**
 * Whether fusing gains on a software adapter. What evaluates at length takes 0.8 to 0.97 of the CPU time stepwise. Where
 * lanes cannot tell each other what they load, on SwiftShader, states of more than four numbers in registers take 1.2 to 2.4
 * times as long. With a predictor inside, kernels whose states are in registers gain where lanes can: up to twice on
 * lavapipe, while SwiftShader takes up to 1.6 times as long.
 */
function gainsBySoftware(
  gpu: Gpu,
  { dim }: Field,
  { costly, inMemory }: FusedField,
  asking: FusedAsking | undefined,
): boolean {
  if (asking) return !inMemory && canBroadcast(gpu);
  return !costly && (inMemory || dim <= SMALL_DIM || canBroadcast(gpu));
}

/** Whether a plan's places find room in registers, or, with a predictor, in what lavapipe compiles in time. */
function findsRegisters(
  gpu: Gpu,
  { numbers }: FusedField,
  asking: FusedAsking | undefined,
  room = 0,
): boolean {
  const most = hasManyRegisters(gpu) ? MOST_HELD : MOST_HELD_BY_FEW;
  if (!gpu.adapter.software) return (room + OWN_STATES) * numbers <= most;
  return !asking || room <= USUAL_ROOM || room * numbers <= FEW_NUMBERS;
}

function obstacleTo(
  field: Field,
  plan: Plan,
  fused: FusedField | undefined,
  room: number | undefined,
): string | undefined {
  if (!fused && field.prepareFused)
    return `what a field '${field.kind}' of ${field.dim} numbers holds exceeds one binding of this device`;
  if (!fused) return `a field '${field.kind}' of ${field.dim} numbers has no fused form`;
  const other = plan.operations.find(({ kind }) => !KINDS.includes(kind));
  if (other) return `the fused kernels know no '${other.kind}'`;
  if (addsColumns(plan)) return 'it takes one slot twice in a combination, with coefficients of two columns';
  if (room !== undefined && room * fused.numbers <= MOST_NUMBERS) return undefined;
  return `it keeps more states of ${field.dim} numbers at once than kernels have room for`;
}

/** The memory of a fused run, in places: the latents and what is wanted, then constants, then what the kernel holds. */
export interface FusedMemory {
  /** The place of each slot that is wanted, the latents' being 0; -1 for the others. */
  place: number[];
  constants: number;
  /** Where the kernel's own begin. */
  own: number;
  /** Places in all. */
  places: number;
}

export function fusedMemory({ field, variant }: FusedPlan, plan: Plan, wanted: readonly Slot[]): FusedMemory {
  const place = new Array<number>(plan.slots).fill(-1);
  place[0] = 0;
  let constants = 1;
  for (const slot of wanted) if (place[slot] < 0) place[slot] = constants++;
  const own = constants + plan.operations.filter(({ kind }) => kind === 'constant').length;
  return { place, constants, own, places: own + (field.inMemory ? variant.places + 1 : 0) };
}
