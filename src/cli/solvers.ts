import { Command } from 'commander';
import { amedSolvers } from '../solver/amed.js';
import type { Solver } from '../solver/define.js';
import { nfeOf } from '../solver/plan.js';
import { solvers } from '../solver/registry.js';
import { table } from './table.js';

const HEADER = ['solver', 'order', 'evaluations/step', 'options (defaults)', 'what it is'];

/** `fewstep solvers`: every solver of the registry, and those that take a predictor. */
export function solversCommand(): Command {
  return new Command('solvers')
    .description('list the solvers, with their order, cost and options')
    .option('--json', 'print the list as JSON')
    .addHelpText('after', '\nExamples:\n  fewstep solvers\n  fewstep solvers --json | jq ".[].name"')
    .action(({ json }: { json?: boolean }) => {
      const [plain, amed] = [solvers.map(describeSolver), amedSolvers.map(describeSolver)];
      process.stdout.write(json ? `${JSON.stringify([...plain, ...amed], null, 2)}\n` : text(plain, amed));
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

type Description = ReturnType<typeof describeSolver>;

function text(plain: readonly Description[], amed: readonly Description[]): string {
  const rows = [...plain, ...amed].map(({ name, order, evaluationsPerStep, options, summary }) => [
    name,
    String(order),
    String(evaluationsPerStep),
    Object.entries(options)
      .map(([key, value]) => `${key}=${value}`)
      .join(',') || '-',
    summary,
  ]);
  const note =
    'The amed solvers take a predictor of `fewstep distill`. Without one they look at the same r in every step: ' +
    'the order is that of r = 1/2.';
  return `${table(HEADER, rows)}\n\n${note}\n`;
}
