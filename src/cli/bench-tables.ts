import { basename } from 'node:path';
import { type Row, rowOfTable } from '../../bench/solvers/rows.js';
import type { Subject } from '../../bench/solvers/subject.js';
import { FewstepError } from '../errors.js';
import { checkConstants } from '../execute/inputs.js';
import type { SigmaRange } from '../grid/grid.js';
import { loadTable } from '../node/table.js';

/**
 * Tables from files as rows of a benchmark.
 * @throws FewstepError bad-argument where one goes between other noise levels than the run's, and as `loadTable`
 */
export async function tableRows(files: readonly string[], range: SigmaRange): Promise<Row[]> {
  const stored = await Promise.all(files.map(loadTable));
  return stored.map(({ table, mean }, i) => {
    const { sigmaMax, sigmaMin } = table;
    if (sigmaMax !== range.sigmaMax || sigmaMin !== range.sigmaMin) {
      throw new FewstepError(
        'bad-argument',
        `${files[i]} goes from sigma ${sigmaMax} to ${sigmaMin}, and the run from ${range.sigmaMax} to ${range.sigmaMin}`,
        `give --sigma-max ${sigmaMax} --sigma-min ${sigmaMin}, so that all begin and end alike`,
      );
    }
    return rowOfTable(table, mean, basename(files[i], '.json'));
  });
}

/** @throws FewstepError bad-shape where a table has the mean of data of another dimension than a subject's */
export function checkMeans(subjects: readonly Subject[], rows: readonly Row[]): void {
  for (const { field } of subjects) {
    for (const { plan } of rows) if (plan) checkConstants(plan, field.dim);
  }
}
