import { join } from 'node:path';
import { describeRun } from '../../bench/describe-run.js';
import { analysisPlans, analyze } from '../analysis/analyze.js';
import { analysisCsv } from '../analysis/csv.js';
import { finding, renderAnalysis } from '../analysis/report.js';
import { ANALYSIS_SCHEMA, type AnalysisFile } from '../analysis/results.js';
import { Gpu } from '../gpu/gpu.js';
import { type DeviceChoice, openDevice } from '../node/adapter.js';
import { type FieldOptions, loadField } from '../node/field/load.js';
import { writeAtomic } from '../node/files.js';
import { rangeWithin } from '../sample-range.js';
import { commandLine } from './command-line.js';
import { checkFolder } from './output.js';
import { showProgress } from './progress.js';

/** What the command line says, as commander hands it over. */
export interface AnalyzeCommandOptions extends FieldOptions {
  field: string;
  trajectories: number;
  seed: number;
  solver: string;
  nfe: number;
  grid: string;
  sigmaMin?: number;
  sigmaMax?: number;
  steps: number[];
  out: string;
  device?: DeviceChoice;
  json?: boolean;
}

/** Analyses a field and writes analysis.json, analysis.csv and report.html, all computed before the first is written. */
export async function runAnalyze(options: AnalyzeCommandOptions, signal: AbortSignal): Promise<void> {
  const { out, trajectories, seed, solver, nfe, grid, steps } = options;
  checkFolder('--out', out);
  const { columns, bandwidth, scale, dim, label, guidance } = options;
  const field = await loadField(options.field, { columns, bandwidth, scale, dim, label, guidance });
  const range = rangeWithin(field, options);
  const request = { field, solver, nfe, grid, range, trajectories, seed, steps, signal };
  const { accurate } = analysisPlans(request);

  const started = new Date();
  const { device, adapter } = await openDevice({ device: options.device });
  const gpu = new Gpu(device, adapter);
  const progress = showProgress(trajectories, 'trajectories');
  try {
    const analysis = await analyze(gpu, { ...request, onProgress: progress.update });
    progress.stop();
    signal.throwIfAborted();
    const file: AnalysisFile = {
      schema: ANALYSIS_SCHEMA,
      run: {
        ...describeRun(adapter),
        started: started.toISOString(),
        seconds: (Date.now() - started.getTime()) / 1000,
        command: commandLine(),
        field: { source: options.field, kind: field.kind, dim: field.dim },
        solver: accurate.solver,
        grid,
        seed,
        ...range,
      },
      analysis,
    };
    const report = join(out, 'report.html');
    await writeAtomic(join(out, 'analysis.json'), `${JSON.stringify(file)}\n`);
    await writeAtomic(join(out, 'analysis.csv'), analysisCsv(analysis));
    await writeAtomic(report, renderAnalysis(file));
    process.stdout.write(
      options.json
        ? `${JSON.stringify(outline(out, file), null, 2)}\n`
        : `${finding(analysis, field.dim)}\n${trajectories} trajectories in ${file.run.seconds.toFixed(1)} s on ${adapter.software ? 'software ' : ''}adapter ${adapter.name}\nreport: ${report}\n`,
    );
  } finally {
    progress.stop();
    gpu.destroy();
  }
}

function outline(out: string, { run, analysis }: AnalysisFile) {
  const { trajectories, nfe, evaluations, explained, largestDeviation, meanValue } = analysis;
  return {
    analysis: join(out, 'analysis.json'),
    report: join(out, 'report.html'),
    trajectories,
    nfe,
    evaluations,
    explained,
    largestDeviation,
    meanValue,
    seconds: run.seconds,
    adapter: run.adapter,
  };
}
