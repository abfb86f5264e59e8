import { Command } from 'commander';
import { parseProcess, processes } from '../process/built-in.js';
import { table } from './table.js';

const HEADER = ['process', 'alpha-bar', 'beta-bar', 'times', 'sigma', 'options (defaults)', 'what it is'];

const HELP = `
x_t = alpha-bar(t) x_0 + beta-bar(t) n, and sigma = beta-bar / alpha-bar. Options are written vp-linear:beta_max=12.
\`train --process\` and \`diffuse --process\` also take a module of one's own (.mjs), which exports alphaBar(t), betaBar(t)
and range = { min, max }. As an option of a solver, whose options have commas between them, a process has colons:
euler-maruyama:process=vp-linear:beta_min=0.2:beta_max=12.

Examples:
  fewstep processes
  fewstep train --problem ring --process flow --prediction velocity --out ring.safetensors
  fewstep diffuse --data ring --process vp-linear --times .1,.5,.9 --out noised.npy
  fewstep sample --field ring --solver unipc-3 --nfe 8 --grid process_time:vp-linear --out x.npy`;

/** `fewstep processes`: the forward processes that are built in. */
export function processesCommand(): Command {
  return new Command('processes')
    .description('list the built-in forward processes, with their formulas, times and options')
    .option('--json', 'print the list as JSON')
    .addHelpText('after', HELP)
    .action(({ json }: { json?: boolean }) => {
      const list = processes.map(({ name, formulas, options, summary }) => {
        const { range, sigma } = parseProcess(name);
        return {
          name,
          ...formulas,
          range,
          sigma: { min: sigma(range.min), max: sigma(range.max) },
          options,
          summary,
        };
      });
      const rows = list.map(({ name, alphaBar, betaBar, range, sigma, options, summary }) => [
        name,
        alphaBar,
        betaBar,
        between(range),
        between(sigma),
        Object.entries(options)
          .map(([key, value]) => `${key}=${value}`)
          .join(','),
        summary,
      ]);
      process.stdout.write(`${json ? JSON.stringify(list, null, 2) : table(HEADER, rows)}\n`);
    });
}

function between({ min, max }: { min: number; max: number }): string {
  const short = (value: number) => String(Number(value.toPrecision(4)));
  return `${short(min)} to ${short(max)}`;
}
