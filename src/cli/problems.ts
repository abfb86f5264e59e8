import { Command } from 'commander';
import { problems } from '../problem/registry.js';
import { table } from './table.js';

/** `fewstep problems`: the distributions that are built in. */
export function problemsCommand(): Command {
  return new Command('problems')
    .description('list the built-in problems, each a data distribution with an exact field')
    .option('--json', 'print the list as JSON')
    .addHelpText('after', '\nA name of this list can be given as --field.\n\nExample:\n  fewstep problems')
    .action(({ json }: { json?: boolean }) => {
      const list = Object.values(problems).map((build) => {
        const { name, title, dim, kind, imageShape, mixture } = build();
        return { name, title, dim, kind, components: mixture.weights.length, imageShape };
      });
      const rows = list.map(({ name, title, dim, kind, components }) => [
        name,
        String(dim),
        String(components),
        kind,
        title,
      ]);
      const header = ['problem', 'dimension', 'components', 'kind', 'what it is'];
      process.stdout.write(`${json ? JSON.stringify(list, null, 2) : table(header, rows)}\n`);
    });
}
