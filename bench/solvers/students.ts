import { BESPOKE, distillBespoke } from '../../src/distill/bespoke/bespoke.js';
import type { TrainedCandidate } from '../../src/distill/bespoke/bespoke-starts.js';
import { dataFigures } from '../../src/distill/data-figures.js';
import { searchedGrids } from '../../src/distill/learnable/start.js';
import { distillTable } from '../../src/distill/learnable/table.js';
import { distillTimes } from '../../src/distill/learnable/times.js';
import {
  poolSeeds,
  runTeacher,
  SEARCH_TRAJECTORIES,
  searchPart,
  type TeacherPool,
} from '../../src/distill/pool.js';
import { type Score, scoreOf } from '../../src/distill/score.js';
import type { DistillSettings } from '../../src/distill/settings.js';
import { FewstepError } from '../../src/errors.js';
import type { Field } from '../../src/field/field.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { parseGrid, type SigmaRange } from '../../src/grid/grid.js';
import { beganAs, bespokeSchedule } from '../../src/predictor/bespoke-predictor.js';
import {
  amedSolver,
  type Predictor,
  type Schedule,
  type TablePredictor,
} from '../../src/predictor/predictor.js';
import type { Learning, StudentResult } from '../../src/report/results.js';
import { resolveGrid } from '../../src/search/resolve-grid.js';
import { type AmedSolver, type Answer, fixedAnswers } from '../../src/solver/amed.js';
import { bespokePlan } from '../../src/solver/bespoke.js';
import { evaluationTimes } from '../../src/solver/plan.js';
import { planFor } from '../../src/solver/plan-for.js';
import { parseSolver, stepsForNfe } from '../../src/solver/registry.js';
import { tableOf } from '../../src/solver/table.js';
import { identityOf, isBespoke, learnsTimes, type Row, SEARCHED_GRID } from './rows.js';
import type { Suite } from './suites.js';

/** r that a search for one r tries. */
const FIXED_R = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

export interface StudentsOptions {
  gpu: Gpu;
  field: Field;
  range: SigmaRange;
  settings: DistillSettings;
  bespoke: Suite['bespoke'];
  /** Whether some student will be trained; searches need fewer trajectories. */
  training: boolean;
  /** One of the field's units in the data's, in which scores are given. */
  unit: number;
  /** Called with the part of a training that is done. */
  onProgress?: (row: Row, nfe: number, share: number) => void;
  signal?: AbortSignal;
}

/** The students of one problem. Each is distilled or searched once, when it is first asked for. */
export class Students {
  private readonly predictors = new Map<string, Promise<Predictor>>();
  private readonly results: StudentResult[] = [];
  private pools?: Promise<{ training: TeacherPool; validation?: TeacherPool }>;
  private teaching?: Omit<Learning, 'students'>;

  constructor(private readonly options: StudentsOptions) {}

  /** What was learned so far; undefined where nothing was. */
  get learning(): Learning | undefined {
    return this.teaching && { ...this.teaching, students: this.results };
  }

  /** The answers of a row, learned or searched, with the times that they are for. */
  predictorOf(row: Row, nfe: number): Promise<Predictor> {
    const { solver, answers, grid, afs } = identityOf(row);
    const key = [solver, grid, afs, nfe].join('\n');
    const work = async () => {
      if (isBespoke(row)) return this.distilBespoke(row, nfe);
      if (learnsTimes(row)) return this.distilTimes(row, nfe);
      return answers === 'learned' ? this.distil(row, nfe) : this.searchR(row, nfe);
    };
    const predictor = this.predictors.get(key) ?? work();
    this.predictors.set(key, predictor);
    return predictor;
  }

  private async distil(row: Row, nfe: number): Promise<Predictor> {
    const { gpu, field, settings, onProgress, signal } = this.options;
    const { training, validation } = await this.teacher();
    const student = await this.student(row, nfe);
    const table = await distillTable(gpu, field, student, {
      settings,
      training,
      validation: validation!,
      onStart: () => onProgress?.(row, nfe, 0),
      onRecord: ({ iteration }) => onProgress?.(row, nfe, iteration / settings.iterations),
      signal,
    });
    const { base, start, best, history } = table;
    const { iterations, batch } = settings;
    const trained = this.training({ iterations, batch, base, start, best }, history);
    return this.keep(row, { ...table, nfe }, table.seconds, trained);
  }

  /** A solver that learned nothing but its times. */
  private async distilTimes(row: Row, nfe: number): Promise<Predictor> {
    const { gpu, field, settings, onProgress, signal } = this.options;
    const { training, validation } = await this.teacher();
    const { solver, options } = parseSolver(row.solver);
    const { afs } = row;
    const grids = await this.grids(row.grid, stepsForNfe(solver, nfe, { afs, options }), afs);
    const learned = await distillTimes(
      gpu,
      field,
      { solver, options, afs, grids },
      {
        ...{ settings, training, validation: validation!, signal },
        onStart: () => onProgress?.(row, nfe, 0),
        onRecord: ({ iteration }) => onProgress?.(row, nfe, iteration / settings.iterations),
      },
    );
    const { grid, times, told, base, start, best, history, seconds } = learned;
    const { iterations, batch } = settings;
    const sigma = evaluationTimes(solver.plan(times, { afs, options }))!;
    const { solver: name, grid: asked } = identityOf(row);
    this.results.push({
      ...{ solver: name, grid: asked, afs, nfe, chosenGrid: grid },
      answers: [],
      times: { sigma, told: sigma.map((time, k) => time * told[k]) },
      seconds,
      training: this.training({ iterations, batch, base, start, best }, history),
    });
    return { kind: 'times', solver: row.solver, afs, schedules: [{ nfe, grid, times, told }] };
  }

  /** A solver of which everything is learned. */
  private async distilBespoke(row: Row, nfe: number): Promise<Predictor> {
    const { gpu, field, range, settings, bespoke, onProgress, signal } = this.options;
    const { training, validation } = await this.teacher();
    const { seed } = settings;
    // Of each candidate, and behind them those of the table that it became.
    const losses = new Map<TrainedCandidate, { loss: number }[]>();
    let done = 0;
    onProgress?.(row, nfe, 0);
    const learned = await distillBespoke(
      gpu,
      field,
      {
        ...{ ...BESPOKE, nfe, range, seed },
        candidates: bespoke.candidates,
        budget: { amount: bespoke.iterations, unit: 'iterations' },
      },
      {
        training,
        validation: validation!,
        formulas: bespoke.formulas,
        starts: bespoke.starts,
        onRecord(_, record, candidate) {
          losses.set(candidate, [...(losses.get(candidate) ?? []), record]);
          onProgress?.(row, nfe, ++done / bespoke.iterations);
        },
        signal,
      },
    );
    const { form, numbers, start, origin, best, seconds, iterations } = learned;
    const data = dataFigures(training);
    const schedule = bespokeSchedule(form, numbers, beganAs(origin.candidate));
    const { times, rows } = tableOf(bespokePlan(form, numbers));
    const { solver, grid, afs } = identityOf(row);
    const scores = { base: start, start: origin.score, best };
    this.results.push({
      ...{ solver, grid, afs, nfe, chosenGrid: schedule.grid },
      answers: [],
      table: { sigmaMin: range.sigmaMin, times, rows },
      seconds: { search: seconds.search, candidates: seconds.candidates, training: seconds.table },
      training: this.training(
        { iterations: iterations.candidates + iterations.table, batch: BESPOKE.batch, ...scores },
        losses.get(origin.candidate) ?? [],
      ),
    });
    return { kind: 'bespoke', solver: 'bespoke', afs: false, range, data, schedules: [schedule] };
  }

  private training(
    training: { iterations: number; batch: number } & Record<'base' | 'start' | 'best', Score>,
    history: readonly { loss: number }[],
  ): StudentResult['training'] {
    const { iterations, batch, base, start, best } = training;
    const { unit } = this.options;
    const inUnits = ({ mean, median }: Score) => ({ mean: unit * mean, median: unit * median });
    return {
      iterations,
      batch,
      losses: history.map(({ loss }) => Number(loss.toPrecision(5))),
      base: inUnits(base),
      start: inUnits(start),
      best: inUnits(best),
    };
  }

  /** The grid and the r, the same in all steps, that did best on trajectories of the teacher: no gradient. */
  private async searchR(row: Row, nfe: number): Promise<Predictor> {
    const { gpu, field, signal } = this.options;
    const { training } = await this.teacher();
    const few = searchPart(training);
    const begin = performance.now();
    const { solver, options, afs, grids } = await this.student(row, nfe);
    let found: (Schedule & { answers: Answer[]; score: number }) | undefined;
    for (const { name: grid, times } of grids) {
      for (const r of FIXED_R) {
        signal?.throwIfAborted();
        const answers = fixedAnswers(times, r);
        const { score } = await scoreOf(gpu, field, solver.planWith(times, answers, { afs, options }), few);
        if (!found || score < found.score) found = { nfe, grid, times, answers, score };
      }
    }
    return this.keep(row, found!, { search: (performance.now() - begin) / 1000, training: 0 });
  }

  private keep(
    row: Row,
    { nfe, grid, times, answers }: Schedule & { answers: Answer[] },
    seconds: StudentResult['seconds'],
    training?: StudentResult['training'],
  ): TablePredictor {
    const { solver, grid: asked, afs } = identityOf(row);
    this.results.push({ solver, grid: asked, afs, nfe, chosenGrid: grid, answers, seconds, training });
    return { kind: 'table', solver: row.solver, afs, schedules: [{ nfe, grid, times, answers }] };
  }

  private async student({ solver: text, afs, grid }: Row, nfe: number) {
    const { solver, options } = amedSolver(text);
    const grids = await this.grids(grid, stepsForNfe(solver, nfe, { afs, options }), afs);
    return { solver: solver as AmedSolver, options, afs, grids };
  }

  private async grids(
    name: string,
    steps: number,
    afs: boolean,
  ): Promise<{ name: string; times: number[] }[]> {
    const { gpu, field, range, signal } = this.options;
    if (name !== SEARCHED_GRID) {
      const { grid } = await resolveGrid(gpu, field, { grid: name, afs, range }, signal);
      const rule = typeof grid === 'string' ? parseGrid(grid) : grid!;
      return [{ name, times: rule.times(steps, range) }];
    }
    return searchedGrids(steps, range);
  }

  private teacher(): Promise<{ training: TeacherPool; validation?: TeacherPool }> {
    this.pools ??= this.teach();
    return this.pools;
  }

  private async teach(): Promise<{ training: TeacherPool; validation?: TeacherPool }> {
    const { gpu, field, range, settings, training: trains, signal } = this.options;
    const { solver, nfe, grid } = settings.teacher;
    const plan = planFor({ solver, nfe, grid, range });
    const run = (count: number, seed: number) => runTeacher(gpu, field, plan, { count, seed, signal });
    const count = trains ? settings.trajectories : SEARCH_TRAJECTORIES;
    try {
      const seeds = poolSeeds(settings.seed); // away from those that anyone measures with
      const training = await run(count, seeds.training);
      const validation = trains ? await run(settings.validation, seeds.validation) : undefined;
      this.teaching = {
        teacher: settings.teacher,
        trajectories: count,
        validation: validation ? settings.validation : 0,
        evaluations: training.evaluations + (validation?.evaluations ?? 0),
        seconds: training.seconds + (validation?.seconds ?? 0),
      };
      return { training, validation };
    } catch (error) {
      // A divergence must not be taken for one of the student.
      if (!(error instanceof FewstepError) || error.code !== 'not-finite') throw error;
      throw new FewstepError(error.code, `the teacher ${solver}: ${error.message}`, error.remedy, {
        cause: error,
      });
    }
  }
}
