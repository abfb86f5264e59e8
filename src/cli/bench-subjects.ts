import { basename } from 'node:path';
import { type Subject, subjectOfField, subjectOfProblem } from '../../bench/solvers/subject.js';
import { FewstepError } from '../errors.js';
import { scaleToUnit } from '../io/scaling.js';
import { type FieldOptions, loadField } from '../node/field/load.js';
import { loadDataSet } from '../node/files.js';
import { problemFromData } from '../problem/problem.js';
import { problemByName } from '../problem/registry.js';
import { standardDeviation } from '../train/data.js';
import { fieldName, fieldWords } from './field-words.js';

/** The part of the command line that says what to run on. */
export interface SubjectOptions extends FieldOptions {
  problem?: string[];
  data?: string;
  field?: string;
  image?: [number, number];
}

/** A subject, and what one writes for its field. */
export interface AskedSubject extends Subject {
  words: string;
}

/**
 * What a benchmark is asked to run on: built-in problems, the user's data, the user's field.
 *
 * @param usual names of the problems that are taken where the command line names nothing
 * @throws FewstepError for what cannot be read, and `bad-argument` for an option that says nothing here
 */
export async function subjectsOf(options: SubjectOptions, usual: readonly string[]): Promise<AskedSubject[]> {
  const { problem, data, field, columns, bandwidth, scale, dim, label, guidance, precision } = options;
  if (data !== undefined && field !== undefined) {
    throw new FewstepError('bad-argument', '--data and --field are given', 'run one after the other');
  }
  checkApplies(options);
  const fieldOptions = { columns, bandwidth, scale, dim, label, guidance, precision };
  const named = problem ?? (data === undefined && field === undefined ? usual : []);
  const subjects = [
    ...named.map((name) => ({ ...subjectOfProblem(problemByName(name)), words: name })),
    ...(data === undefined ? [] : [await subjectOfData(data, options)]),
    ...(field === undefined
      ? []
      : [
          {
            ...subjectOfField(fieldName(field, options), await loadField(field, fieldOptions), options.image),
            words: fieldWords(field, fieldOptions),
          },
        ]),
  ];
  const names = subjects.map((subject) => subject.name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice === undefined) return subjects;
  throw new FewstepError(
    'bad-argument',
    `'${twice}' is asked for twice`,
    'give it once, as --problem or --field',
  );
}

/** Options that say something about --data or --field mean nothing without it. */
function checkApplies(options: SubjectOptions): void {
  const { data, field } = options;
  const about = ['columns', 'bandwidth', 'scale', 'image'] as const;
  const ofField = ['dim', 'label', 'guidance', 'precision'] as const;
  if (field !== undefined) return; // loadField knows which of them its field takes
  const foreign = data === undefined ? [...about, ...ofField] : ofField;
  const given = foreign.find((name) => options[name] !== undefined);
  if (given === undefined) return;
  const needs = about.some((name) => name === given) ? '--data or --field' : '--field';
  throw new FewstepError(
    'bad-argument',
    `--${given} says something about ${needs}`,
    `leave it out, or give ${needs}`,
  );
}

/** Part of the data's standard deviation that the kernel around each row has, unless --bandwidth says. */
const BANDWIDTH = 0.05;

async function subjectOfData(
  path: string,
  { columns, bandwidth, scale, image }: SubjectOptions,
): Promise<AskedSubject> {
  const raw = await loadDataSet(path, { columns, imageShape: image });
  const { dataSet, scaling } = scale ? scaleToUnit(raw) : { dataSet: raw, scaling: undefined };
  const { values, rows, columns: width, imageShape } = dataSet;
  // With its ending, so that no data set has the name of a built-in problem.
  const name = basename(path);
  const kernel = bandwidth ?? BANDWIDTH * spreadOf(values, name);
  const subject = subjectOfProblem(problemFromData(name, values, rows, width, kernel, imageShape), scaling);
  return { ...subject, words: fieldWords(path, { columns, bandwidth: kernel, scale }) };
}

function spreadOf(values: Float64Array, name: string): number {
  const spread = standardDeviation(values);
  if (spread > 0) return spread;
  throw new FewstepError(
    'bad-data',
    `${name}: all values are ${values[0]}, so that no bandwidth follows from them`,
    'give --bandwidth, or select columns that vary',
  );
}
