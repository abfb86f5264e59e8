import { Command } from 'commander';
import { FewstepError } from '../errors.js';
import { DEFAULT_GRID } from '../grid/grid.js';
import { saveTable } from '../node/table.js';
import { plural } from '../report/number.js';
import { planFor } from '../solver/plan-for.js';
import { parseSolver } from '../solver/registry.js';
import { tableOf } from '../solver/table.js';
import { encodeTable } from '../solver/table-file.js';
import { givenRange } from './given-range.js';
import { untilInterrupted } from './interrupt.js';
import { scheduleOptions } from './options.js';
import { checkOutput } from './output.js';
import { describeSolver } from './solvers.js';
import { tableColumns } from './table-columns.js';

const HELP = `
Without --table it says what \`fewstep solvers\` does of this one. A table is all that a solver does on a time grid: the
sigma that each evaluation is told, and the state there as a combination of the latents x_T and of what the evaluations
before it answered, D_0, D_1, ..; its last row is the result. As JSON any program can sample with it:
examples/numpy_table.py is one, \`fewstep sample --table\` another.

Examples:
  fewstep solver ipndm-3 --nfe 5 --table
  fewstep solver unipc-3:variant=bh1 --nfe 6 --afs --grid logsnr --table --out unipc.json
  fewstep solver amed:r=0.4

Exit status: 0 when it is printed or written, 2 for a request that cannot be met.`;

interface SolverCommandOptions {
  nfe?: number;
  grid?: string;
  sigmaMin?: number;
  sigmaMax?: number;
  afs?: boolean;
  table?: boolean;
  json?: boolean;
  out?: string;
}

/** `fewstep solver`: what a solver is, and its table. */
export function solverCommand(): Command {
  const command = new Command('solver')
    .description('show one solver, or with --table all that it computes on a time grid')
    .argument('<name>', 'solver, with options as in dpm-solver-2:r=0.4 (see `fewstep solvers`)');
  for (const option of scheduleOptions()) command.addOption(option);
  return command
    .option('--table', 'the table of its coefficients at this NFE')
    .option('--json', 'print as JSON')
    .option('--out <file>', 'where the table goes (.json)')
    .addHelpText('after', HELP)
    .action(async (name: string, options: SolverCommandOptions) => {
      const text = () => (options.table ? tableText(name, options) : described(name, options));
      process.stdout.write(`${await untilInterrupted(async () => text())}\n`);
    });
}

function described(name: string, { json, table: _, ...others }: SolverCommandOptions): string {
  const [foreign] = Object.keys(others);
  if (foreign) {
    const flag = foreign.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new FewstepError('bad-argument', `--${flag} is for tables`, 'add --table, or leave it out');
  }
  const { solver, options: given } = parseSolver(name);
  // Options are checked when a plan is made.
  solver.plan([2, 1], { options: given });
  const description = describeSolver(solver);
  if (json) return JSON.stringify(description, null, 2);
  const { order, evaluationsPerStep, options, summary, predictor } = description;
  const list = Object.entries(options).map(([key, value]) => `${key}=${value}`);
  return [
    `${description.name}: ${summary}`,
    `order ${order}, ${plural(evaluationsPerStep, 'evaluation')} a step`,
    list.length > 0 ? `options (defaults): ${list.join(',')}` : 'no options',
    ...(predictor ? ['takes a predictor of `fewstep distill`; without one, the same r in every step'] : []),
  ].join('\n');
}

async function tableText(name: string, options: SolverCommandOptions): Promise<string> {
  const { nfe, grid = DEFAULT_GRID, afs, json, out } = options;
  if (nfe === undefined) {
    throw new FewstepError(
      'bad-argument',
      '--nfe is not given',
      'say at how many evaluations, as in --nfe 5',
    );
  }
  if (out !== undefined) checkOutput('--out', out, '.json');
  const made = tableOf(planFor({ solver: name, nfe, grid, range: givenRange(grid, options), afs }));
  const stored = { table: made, note: `${grid}${afs ? ', AFS' : ''}` };
  if (out !== undefined) await saveTable(out, stored);
  if (json) return encodeTable(stored).trimEnd();
  if (out !== undefined) return `${out}: ${made.solver} at NFE ${nfe}`;
  const { solver, times } = made;
  const note = [
    `${solver} at NFE ${times.length}: evaluation k is of state k at sigma, and answers D_k. Each state is the sum of`,
    'its coefficients times the latents x_T and what was evaluated before.',
  ];
  return `${tableColumns(made)}\n\n${note.join('\n')}`;
}
