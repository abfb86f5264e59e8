import { InvalidArgumentError, Option } from 'commander';
import type { Budget } from '../distill/budget.js';
import { FewstepError } from '../errors.js';
import { DEFAULT_RANGE } from '../grid/grid.js';
import { PRECISIONS } from '../mlp/precision.js';
import { DEVICE_CHOICES } from '../node/adapter.js';

/** Reads a whole number within bounds, both included; 1e6 is one. */
export function wholeNumber(low: number, high = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = high === Number.MAX_SAFE_INTEGER ? `of ${low} or more` : `from ${low} to ${high}`;
  return (text) => {
    const value = /^\d+(e\d+)?$/i.test(text) ? Number(text) : Number.NaN;
    if (value >= low && value <= high) return value;
    throw new InvalidArgumentError(`Give a whole number ${range}.`);
  };
}

/** Reads whole numbers separated by commas, each once. */
export function wholeNumbers(low: number, high?: number): (text: string) => number[] {
  const whole = wholeNumber(low, high);
  return (text) => [...new Set(text.split(',').map((part) => whole(part.trim())))];
}

/** Reads finite numbers separated by commas, in their order. */
export function numbersOf(text: string): number[] {
  const values = text.split(',').map(finiteNumber);
  if (values.every(Number.isFinite)) return values;
  throw new InvalidArgumentError('Give numbers separated by commas, as in .1,.5,.9.');
}

/** Reads names separated by commas, each once. */
export function plainNames(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.every((part) => part !== '')) return [...new Set(parts)];
  throw new InvalidArgumentError('Give names separated by commas.');
}

const BUDGET_UNITS = { s: 'seconds', it: 'iterations', traj: 'trajectories', evals: 'evaluations' } as const;

/** Reads an amount of work with its unit: 20s, 600it, 100000traj, 200000evals. */
export function budget(text: string): Budget {
  const match = /^([\d.]+(?:e\d+)?)(s|it|traj|evals)$/i.exec(text.trim());
  const amount = Number(match?.[1]);
  const unit = match && BUDGET_UNITS[match[2].toLowerCase() as keyof typeof BUDGET_UNITS];
  if (unit && amount > 0 && (unit === 'seconds' || Number.isInteger(amount))) return { amount, unit };
  throw new InvalidArgumentError(
    'Give seconds, iterations, trajectories or evaluations, as in 20s, 600it, 100000traj or 200000evals.',
  );
}

/** Reads a number above zero, such as a noise level. */
export function positiveNumber(text: string): number {
  const value = finiteNumber(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('Give a number above 0, such as 0.002.');
}

/** Reads a number of zero or more, such as a width. */
export function nonNegativeNumber(text: string): number {
  const value = finiteNumber(text);
  if (value >= 0) return value;
  throw new InvalidArgumentError('Give a number of 0 or more, such as 0.05.');
}

/** The number, or NaN where there is none. Number() alone would take '' for 0, and 'Infinity'. */
function finiteNumber(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : Number.NaN;
}

/** Reads a height and a width. */
export function imageShape(text: string): [number, number] {
  const match = /^(\d+)x(\d+)$/.exec(text);
  if (match && Number(match[1]) > 0 && Number(match[2]) > 0) return [Number(match[1]), Number(match[2])];
  throw new InvalidArgumentError('Give height x width, as in 28x28.');
}

/** Which adapter to use: the same choice in every command. */
export function deviceOption(): Option {
  return new Option('--device <choice>', 'adapter to use (default: $FEWSTEP_DEVICE, else auto)').choices(
    DEVICE_CHOICES,
  );
}

/** What describes a field: the same options in every command that loads one. */
export function fieldOptions(): Option[] {
  return [fieldOption().makeOptionMandatory(), ...fieldDetails()];
}

export function fieldOption(): Option {
  return new Option('--field <field>', 'built-in problem, .json, .wgsl, .mjs, .safetensors or data file');
}

/**
 * What may have to be said about a field besides where it is.
 * @param bandwidth what the width around data is where nobody says
 */
export function fieldDetails(bandwidth = '0, the rows alone'): Option[] {
  return [
    new Option('--columns <selection>', 'columns of a data file, such as 0-63 or x,y'),
    new Option(
      '--bandwidth <width>',
      `Gaussian around each row of a data file, in the field's units (default: ${bandwidth})`,
    ).argParser(nonNegativeNumber),
    new Option('--scale', "scale a data file to [-1, 1]; results come out in the data's own units"),
    new Option('--dim <count>', 'dimension of a .wgsl field').argParser(wholeNumber(1)),
    new Option(
      '--label <classes>',
      'class of a model with classes: its name, or where it has none its number from 0, which is also that of a condition of a module; several (0,3,5) or all are told to trajectories in turn',
    ),
    new Option(
      '--guidance <weight>',
      'classifier-free guidance to that class: 0 none, 1 (default) the class alone, above 1 stronger',
    ).argParser(nonNegativeNumber),
    new Option(
      '--precision <precision>',
      'how a model is computed on the GPU: f16 has its weights in float16, f16-matrix runs on matrix units (default: f32)',
    ).choices(PRECISIONS),
  ];
}

/** What describes a plan: a solver at an NFE on a time grid, a predictor, or a table. */
export function planOptions(): Option[] {
  return [
    new Option('--solver <name>', 'solver, with options as in dpm-solver-2:r=0.4 (see `fewstep solvers`)'),
    ...scheduleOptions(),
    new Option(
      '--predictor <file>',
      'what `fewstep distill` learned, in place of solver, grid and AFS; --nfe chooses where it learned for several',
    ).conflicts(['solver', 'grid', 'afs', 'sigmaMin', 'sigmaMax']),
    new Option(
      '--table <file>',
      'a table of coefficients (.json), in place of solver, NFE, grid and AFS (see `fewstep solver --help`)',
    ).conflicts(['solver', 'nfe', 'grid', 'afs', 'sigmaMin', 'sigmaMax', 'predictor', 'force']),
    new Option('--force', "sample with a predictor's network on another field than its own"),
  ];
}

/** @throws FewstepError bad-argument where there is no predictor that it might be about */
export function checkForce({ force, predictor }: { force?: boolean; predictor?: unknown }): void {
  if (!force || predictor !== undefined) return;
  throw new FewstepError(
    'bad-argument',
    '--force is for a predictor, and none is given',
    'leave it out, or give --predictor',
  );
}

/** Between which noise levels a field is solved: see `rangeWithin`. */
export function rangeOptions(): [sigmaMin: Option, sigmaMax: Option] {
  const { sigmaMin, sigmaMax } = DEFAULT_RANGE;
  return [
    new Option(
      '--sigma-min <sigma>',
      `last time of the grid (default: ${sigmaMin}, or the least that a model knows)`,
    ).argParser(positiveNumber),
    new Option(
      '--sigma-max <sigma>',
      `first time of the grid (default: ${sigmaMax}, or the most that a model knows)`,
    ).argParser(positiveNumber),
  ];
}

/** How many evaluations a solver makes, and at which times. */
export function scheduleOptions(): Option[] {
  return [
    new Option('--nfe <count>', 'field evaluations per trajectory, exactly').argParser(wholeNumber(1, 4096)),
    new Option(
      '--grid <grid>',
      'time grid: polynomial:RHO, logsnr, time_uniform:RHO, explicit:80,10,1,.002, process_time:NAME (even in the time of one of `fewstep processes`) or gits (searched on the field) (default: polynomial:7)',
    ),
    ...rangeOptions(),
    new Option('--afs', 'analytical first step: the first evaluation comes from the prior, at no cost'),
  ];
}
