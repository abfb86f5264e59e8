import { Command } from 'commander';
import { nfeOf } from '../solver/plan.js';
import { solvers } from '../solver/registry.js';
import { table } from './table.js';

/** `fewstep solvers`: every solver of the registry. */
export function solversCommand(): Command {
  return new Command('solvers')
    .description('list the solvers, with their order, cost and options')
    .option('--json', 'print the list as JSON')
    .addHelpText('after', '\nExamples:\n  fewstep solvers\n  fewstep solvers --json | jq ".[].name"')
    .action(({ json }: { json?: boolean }) => {
      const list = solvers.map((solver) => {
        const { name, order, options, summary } = solver;
        const [one, two] = [
          [2, 1],
          [4, 2, 1],
        ].map((times) => nfeOf(solver.plan(times)));
        return { name, order, evaluationsPerStep: two - one, options, summary };
      });
      const rows = list.map(({ name, order, evaluationsPerStep, options, summary }) => [
        name,
        String(order),
        String(evaluationsPerStep),
        Object.entries(options)
          .map(([key, value]) => `${key}=${value}`)
          .join(',') || '-',
        summary,
      ]);
      const header = ['solver', 'order', 'evaluations/step', 'options (defaults)', 'what it is'];
      process.stdout.write(`${json ? JSON.stringify(list, null, 2) : table(header, rows)}\n`);
    });
}
