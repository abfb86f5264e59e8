import { basename } from 'node:path';
import { type Row, rowOfPredictor } from '../../bench/solvers/rows.js';
import { FewstepError } from '../errors.js';
import { comparedFingerprint } from '../execute/fingerprint.js';
import type { Gpu } from '../gpu/gpu.js';
import type { SigmaRange } from '../grid/grid.js';
import type { AskedSubject } from './bench-subjects.js';
import { fieldDoubt, type LoadedPredictor, loadedPredictor } from './sample-predictor.js';

/**
 * Predictors from files as rows of a benchmark.
 * @throws FewstepError bad-argument where one was learned on other noise levels than the run's, and as `loadPredictor`
 */
export async function predictorRows(
  files: readonly string[],
  range: SigmaRange,
): Promise<{ rows: Row[]; loaded: LoadedPredictor[] }> {
  const loaded = await Promise.all(files.map(loadedPredictor));
  for (const { predictor, file } of loaded) {
    for (const { nfe, times } of predictor.schedules) {
      const [first, last] = [times[0], times[times.length - 1]];
      if (first === range.sigmaMax && last === range.sigmaMin) continue;
      throw new FewstepError(
        'bad-argument',
        `${file} goes from sigma ${first} to ${last} at NFE ${nfe}, and the run from ${range.sigmaMax} to ${range.sigmaMin}`,
        `give --sigma-max ${first} --sigma-min ${last}, so that all begin and end alike`,
      );
    }
  }
  return {
    rows: loaded.map(({ predictor, file }) => rowOfPredictor(predictor, basename(file, '.safetensors'))),
    loaded,
  };
}

/** Warns of each predictor that was distilled on another field than a subject's, before anything is measured. */
export async function checkFields(
  gpu: Gpu,
  subjects: readonly AskedSubject[],
  loaded: readonly LoadedPredictor[],
  force: boolean,
): Promise<void> {
  for (const { name, field, words } of loaded.length > 0 ? subjects : []) {
    for (const predictor of loaded) {
      const fingerprint = await comparedFingerprint(predictor.field, field, gpu);
      const doubt = fieldDoubt(predictor, fingerprint, words, force);
      if (doubt) process.stderr.write(`note: ${name}: ${doubt}\n`);
    }
  }
}
