import { Command, CommanderError } from 'commander';
import { FewstepError } from '../errors.js';
import { VERSION } from '../version.js';
import { analyzeCommand } from './analyze.js';
import { benchCommand } from './bench.js';
import { compareCommand } from './compare.js';
import { diffuseCommand } from './diffuse.js';
import { distillCommand } from './distill.js';
import { doctorCommand } from './doctor.js';
import { exportCommand } from './export.js';
import { inspectCommand } from './inspect.js';
import { likelihoodCommand } from './likelihood.js';
import { problemsCommand } from './problems.js';
import { processesCommand } from './processes.js';
import { sampleCommand } from './sample.js';
import { sidCommand } from './sid.js';
import { solverCommand } from './solver.js';
import { solversCommand } from './solvers.js';
import { trainCommand } from './train.js';

/** Exit statuses: a request that cannot be met, Ctrl-C as shells number it, and a fault of our own. */
const REFUSED = 2;
const INTERRUPTED = 130;
const FAULT = 1;

/**
 * Runs one command line and says what went wrong on stderr, as "error: ..." with what to do about it.
 *
 * @param args without the program's name
 * @returns the exit status
 */
export async function run(args: readonly string[]): Promise<number> {
  try {
    await program().parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : REFUSED; // it has spoken already
    process.stderr.write(`${describe(error)}\n`);
    if (!(error instanceof FewstepError)) return FAULT;
    return error.code === 'interrupted' ? INTERRUPTED : REFUSED;
  }
}

/** What draws reports is imported by the actions that do: it takes as long to load as all the rest. */
function program(): Command {
  const fewstep = new Command('fewstep')
    .description('few-step sampling of diffusion models on any GPU')
    .version(VERSION, '-V, --version', 'print the version');
  const commands = [
    sampleCommand(),
    benchCommand(),
    compareCommand(),
    analyzeCommand(),
    trainCommand(),
    inspectCommand(),
    likelihoodCommand(),
    distillCommand(),
    sidCommand(),
    exportCommand(),
    diffuseCommand(),
    solverCommand(),
    solversCommand(),
    problemsCommand(),
    processesCommand(),
    doctorCommand(),
  ];
  for (const command of [fewstep, ...commands]) {
    const name = command === fewstep ? 'fewstep' : `fewstep ${command.name()}`;
    command.exitOverride().showHelpAfterError(`  run \`${name} --help\` for what it takes`);
  }
  for (const command of commands) fewstep.addCommand(command);
  return fewstep;
}

function describe(error: unknown): string {
  if (error instanceof FewstepError) return `error: ${error.message}\n  ${error.remedy}`;
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  if (process.env.FEWSTEP_DEBUG === '1') return `error: ${stack}`;
  return `error: ${message}\n  this is a fault in fewstep: run again with FEWSTEP_DEBUG=1 and report it`;
}
