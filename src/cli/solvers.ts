import { Command } from 'commander';
import { amedSolvers } from '../solver/amed.js';
import type { Solver } from '../solver/define.js';
import { nfeOf } from '../solver/plan.js';
import { sdeSolvers, solvers } from '../solver/registry.js';
import { table } from './table.js';

const HEADER = ['solver', 'order', 'evaluations/step', 'options (defaults)', 'what it is'];

/** `fewstep solvers`: every solver: of the ODE, of the reverse SDE, and those that take a predictor. */
export function solversCommand(): Command {
  return new Command('solvers')
    .description('list the solvers, with their order, cost and options')
    .option('--json', 'print the list as JSON')
    .addHelpText('after', '\nExamples:\n  fewstep solvers\n  fewstep solvers --json | jq ".[].name"')
    .action(({ json }: { json?: boolean }) => {
      const all = [...[...solvers, ...sdeSolvers, ...amedSolvers].map(describeSolver), ...BESPOKE];
      process.stdout.write(json ? `${JSON.stringify(all, null, 2)}\n` : text(all));
    });
}

/** What lists say of a solver. */
export function describeSolver(solver: Solver) {
  const { name, order, options, summary } = solver;
  const [one, two] = [
    [2, 1],
    [4, 2, 1],
  ].map((times) => nfeOf(solver.plan(times)));
  return { name, order, evaluationsPerStep: two - one, options, summary, predictor: 'planWith' in solver };
}

/** It exists only as a predictor: a formula's corrections, of what order nobody knows. */
const BESPOKE = [
  {
    name: 'bespoke',
    summary: 'all times and coefficients learned for one field (relatives: arXiv 2310.19075, 2403.01329)',
  },
  { name: 'bespoke-net', summary: 'bespoke, and small networks that move its numbers for each trajectory' },
].map((solver) => ({ ...solver, order: null, evaluationsPerStep: 1, options: {}, predictor: true }));

type Description = ReturnType<typeof describeSolver> | (typeof BESPOKE)[number];

function text(all: readonly Description[]): string {
  const rows = all.map(({ name, order, evaluationsPerStep, options, summary }) => [
    name,
    order === null ? '-' : String(order),
    String(evaluationsPerStep),
    Object.entries(options)
      .map(([key, value]) => `${key}=${value}`)
      .join(',') || '-',
    summary,
  ]);
  const note =
    'Samplers of the SDE (euler-maruyama to dpmpp-2m-sde) draw noise in their steps; their order is that of mean and ' +
    'variance, with s_noise=1. The amed solvers take a predictor of `fewstep distill`. Without one they look at the same r in every step: ' +
    'the order is that of r = 1/2. The bespoke solver is what `fewstep distill --solver bespoke` learns, and runs by its ' +
    'predictor alone.';
  return `${table(HEADER, rows)}\n\n${note}\n`;
}
