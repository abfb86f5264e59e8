import { FewstepError } from '../errors.js';
import type { Field } from '../field/field.js';
import type { Fingerprint } from '../field/fingerprint.js';
import { answerSpread, type Spread, type StepAnswers, spreads } from '../metrics/answer-spread.js';
import { loadPredictor } from '../node/predictor.js';
import { planOfSchedule } from '../predictor/bespoke-predictor.js';
import { fieldDoubtOf } from '../predictor/field-doubt.js';
import type { Predictor } from '../predictor/predictor.js';
import type { StoredPredictor } from '../predictor/predictor-file.js';
import { nfeOf, type Plan } from '../solver/plan.js';
import { parseSolver } from '../solver/registry.js';
import { tableOf } from '../solver/table.js';
import { TRAINED_UP_TO } from '../solver/universal.js';

/** A predictor and the file that it came from. */
export interface LoadedPredictor extends StoredPredictor {
  file: string;
}

export async function loadedPredictor(file: string): Promise<LoadedPredictor> {
  return { ...(await loadPredictor(file)), file };
}

/**
 * Compares a field with the one that a predictor was distilled on. A table of answers transfers to other fields, and a
 * bespoke solver to those of as many numbers, so that there a warning does; a network reads the field, and is refused.
 *
 * @param words what this field is called
 * @param force samples with a network all the same, where it can read this field at all
 * @returns the warning, if there is one
 * @throws FewstepError bad-field
 */
export function fieldDoubt(
  { file, ...stored }: LoadedPredictor,
  fingerprint: Fingerprint,
  words: string,
  force: boolean,
): string | undefined {
  const doubt = fieldDoubtOf(stored, fingerprint, words);
  if (!doubt) return undefined;
  const { transfers, difference, consequence, remedy } = doubt;
  const sentence = `${file} was distilled on ${difference}`;
  if (transfers === 'in-part') return `${sentence}; ${consequence}: ${remedy}`;
  if (transfers === 'not-at-all') throw new FewstepError('bad-field', `${sentence}: ${consequence}`, remedy);
  if (force) return `${sentence}; ${consequence}`;
  throw new FewstepError(
    'bad-field',
    sentence,
    'use that field, distil again, or give --force: what a network answers on another field is a guess',
  );
}

/** What there is to say of a solver that is learned and runs without a predictor. */
export function untrainedNote(text: string, { dim }: Pick<Field, 'dim'>): string | undefined {
  if (text === 'bespoke') {
    const what = 'bespoke without --predictor is a universal table, which learned on other fields';
    if (dim <= TRAINED_UP_TO) return `${what}: distil for this one to have its best`;
    const better = 'a plain solver may be better, and one distilled for this field is';
    return `${what}, of up to ${TRAINED_UP_TO} numbers: on states of ${dim} ${better}`;
  }
  const { solver, options } = parseSolver(text);
  if (!('planWith' in solver)) return undefined;
  const r = options.r ?? solver.options.r;
  return `${solver.name} without --predictor looks at r = ${r} in every step: nothing was learned (see \`fewstep distill\`)`;
}

/**
 * What a predictor did, for the report: an AMED solver's answers in each step, of others the whole table.
 * @param answers of a network, [3 steps, batch]
 */
export function learnedSteps(learned: LoadedPredictor, plan: Plan, answers?: ArrayLike<number>) {
  const { predictor } = learned;
  const { kind } = predictor;
  if (kind === 'bespoke' && answers) {
    const schedule = predictor.schedules.find(({ nfe }) => nfe === nfeOf(plan))!;
    const all = spreads(answers, answers.length / (3 * schedule.nfe));
    // After each evaluation: the log of the next time, c of the step, and the log of the next a.
    const moves = Array.from({ length: schedule.nfe }, (_, k) => {
      const [logTime, c, logA] = all.slice(3 * k);
      return { logTime, c, logA };
    });
    return { kind, table: tableOf(planOfSchedule(predictor, schedule)), moves };
  }
  if (predictor.kind === 'table' || predictor.kind === 'network') {
    return { kind, steps: answersByStep(predictor, nfeOf(plan), answers) };
  }
  const { times, rows } = tableOf(plan);
  return { kind, steps: times.map((sigma, k) => ({ sigma, row: rows[k] })), result: rows[times.length] };
}

/** The answers of each step. */
function answersByStep(
  predictor: Extract<Predictor, { kind: 'table' | 'network' }>,
  nfe: number,
  answers?: ArrayLike<number>,
): StepAnswers[] {
  const index = predictor.schedules.findIndex((schedule) => schedule.nfe === nfe);
  const same = (value: number): Spread => ({ mean: value, p5: value, p95: value });
  if (predictor.kind === 'table') {
    return predictor.schedules[index].answers.map(({ r, direction, time }) => ({
      r: same(r),
      direction: same(direction),
      time: same(time),
    }));
  }
  const steps = predictor.schedules[index].times.length - 1;
  return answerSpread(answers!, answers!.length / (3 * steps));
}
