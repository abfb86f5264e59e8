import * as v from 'valibot';
import { FewstepError, nearestName } from '../errors.js';
import { checkTimes } from '../grid/grid.js';
import { PlanBuilder } from './builder.js';
import type { Plan } from './plan.js';

/** The options of a solver: valibot's `strictObject` of entries that all have defaults. */
export type OptionsSchema = v.StrictObjectSchema<v.ObjectEntries, undefined>;

/** A solver: a name, what it may be told, and the function that writes its plan. */
export interface Solver {
  /** As one writes it, without options: 'dpm-solver-2'. */
  readonly name: string;
  /** One line for people, with the paper. */
  readonly summary: string;
  /**
   * Global order of convergence on grids whose step changes smoothly, which a test measures; of a sampler of the SDE that
   * of mean and variance (weak).
   */
  readonly order: number;
  /** Option names with their defaults, as text for help pages. */
  readonly options: Readonly<Record<string, string>>;
  /**
   * The plan for these times. Decreasing times, at least two; the number of steps is one less.
   * @throws FewstepError bad-argument for an unknown or impossible option, bad-grid for impossible times
   */
  plan(times: readonly number[], settings?: SolverSettings): Plan;
}

/** What a solver's plan depends on besides its times. */
export interface SolverSettings {
  /**
   * Analytical first step: the first evaluation comes from the prior, at no cost (arXiv 2210.05475). By default not.
   */
  afs?: boolean;
  /** By name; those that are left out have their defaults. */
  options?: Record<string, unknown>;
}

/** A solver as its file writes it. */
export interface SolverDefinition<S extends OptionsSchema> {
  name: string;
  /** One line for people, with the paper. */
  summary: string;
  /** Global order of convergence: see `Solver`. */
  order: number;
  options: S;
  /** Writes the plan on `builder.times`: one `reach` for each but the first. */
  write(builder: PlanBuilder, options: v.InferOutput<S>): void;
}

/**
 * Makes a solver out of its definition; what is common to all of them is here. Its plan throws bad-argument for options
 * and bad-grid for times, as `Solver` says.
 * @throws ValiError of valibot's, where an option has no default
 */
export function defineSolver<S extends OptionsSchema>(definition: SolverDefinition<S>): Solver {
  const { name, summary, order } = definition;
  const defaults = v.parse(definition.options, {}) as Record<string, unknown>;
  return {
    name,
    summary,
    order,
    options: Object.fromEntries(Object.entries(defaults).map(([key, value]) => [key, String(value)])),
    plan(times, { afs = false, options = {} } = {}) {
      checkTimes(times);
      const builder = new PlanBuilder(times, afs);
      const parsed = parseOptions(name, definition.options, options);
      definition.write(builder, parsed);
      return builder.finish(spell(name, parsed as Record<string, unknown>, defaults));
    },
  };
}

/** @throws FewstepError bad-argument naming the option */
export function parseOptions<S extends OptionsSchema>(
  name: string,
  schema: S,
  options: Record<string, unknown>,
) {
  const known = Object.keys(schema.entries);
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const nearest = nearestName(key, known);
    throw new FewstepError(
      'bad-argument',
      `solver '${name}' has no option '${key}'`,
      known.length === 0
        ? 'it takes no options'
        : `${nearest ? `did you mean '${nearest}'? ` : ''}it takes: ${known.join(', ')}`,
    );
  }
  const result = v.safeParse(schema, options);
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new FewstepError(
    'bad-argument',
    `solver '${name}', option '${v.getDotPath(issue)}': ${issue.message}`,
    'give a value that the solver accepts',
  );
}

/** A solver as one writes it, with the options that differ from their defaults. */
export function spell(
  name: string,
  options: Record<string, unknown>,
  defaults: Record<string, unknown>,
): string {
  const changed = Object.entries(options).filter(([key, value]) => value !== defaults[key]);
  return changed.length === 0
    ? name
    : `${name}:${changed.map(([key, value]) => `${key}=${written(value)}`).join(',')}`;
}

/** A value as it stands between commas; a process by its name, with colons between its own options. */
function written(value: unknown): string {
  const name = typeof value === 'object' && value !== null && 'name' in value ? value.name : value;
  return String(name).replaceAll(',', ':');
}

/** For solvers that take no options. */
export const noOptions = v.strictObject({});
