import { FewstepError } from '../../src/errors.js';
import type { Field } from '../../src/field/field.js';
import type { MixtureSpec } from '../../src/field/mixture.js';
import { applyScaling } from '../../src/io/scaling.js';
import { loadDataSet } from '../../src/node/files.js';
import { problemByName, problems } from '../../src/problem/registry.js';
import { sampleMixture } from '../../src/problem/sample-mixture.js';
import { REFERENCE_SEED, TRUE_SAMPLES } from '../solvers/floor.js';
import type { Anchors } from './flips.js';

/** What a field's samples should be like. */
export interface Truth {
  /** True samples in the field's units, [count * dim]. */
  samples: Float64Array;
  /** Further true samples, where any number can be drawn. */
  draw?: (count: number, seed: number) => Float64Array;
  anchors: Anchors;
}

export interface TruthOptions {
  /** A built-in problem or a data file that says more than the field does: what a network learned, or held-out data. */
  data?: string;
  dataColumns?: string;
  /** Column of the data file with classes. */
  dataLabels?: string;
}

/**
 * The data behind a field: those that are named, or the mixture that the field is of; undefined where neither is known.
 * @throws FewstepError bad-shape where the data have another dimension than the field, bad-argument, and as loadDataSet
 */
export async function truthOf(field: Field, options: TruthOptions = {}): Promise<Truth | undefined> {
  const { data, dataColumns, dataLabels } = options;
  if (data === undefined) {
    const given = dataColumns ?? dataLabels;
    if (given === undefined) return field.mixture && truthOfMixture(field.kind, field.mixture);
    throw new FewstepError('bad-argument', `'${given}' says something about --data`, 'give --data');
  }
  const problem = Object.hasOwn(problems, data) ? problemByName(data) : undefined;
  if (problem) {
    checkDim(data, problem.dim, field);
    return truthOfMixture('gaussian-mixture', problem.mixture);
  }
  return truthOfFile(field, data, options);
}

function truthOfMixture(kind: string, mixture: MixtureSpec): Truth {
  const draw = (count: number, seed: number) => sampleMixture(mixture, count, seed);
  const what = kind === 'empirical' ? 'data points' : 'components';
  return {
    samples: draw(TRUE_SAMPLES, REFERENCE_SEED),
    draw,
    anchors: { what, points: mixture.means },
  };
}

async function truthOfFile(field: Field, path: string, options: TruthOptions): Promise<Truth> {
  const { dataColumns: columns, dataLabels: labelColumn } = options;
  const { values, labels, columns: dim } = await loadDataSet(path, { columns, labelColumn });
  checkDim(path, dim, field);
  const samples = field.scaling ? applyScaling(field.scaling, values) : values;
  const names = labels && [...new Set(labels)];
  return {
    samples,
    anchors: names
      ? { what: 'classes', points: samples, classes: labels.map((label) => names.indexOf(label)) }
      : { what: 'data points', points: samples },
  };
}

function checkDim(name: string, dim: number, field: Field): void {
  if (dim === field.dim) return;
  throw new FewstepError(
    'bad-shape',
    `${name} has rows of ${dim} numbers, the field has ${field.dim}`,
    'give the data that the field is of, with --data-columns where only some of their columns are',
  );
}
