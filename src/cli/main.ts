#!/usr/bin/env node
import { Command } from 'commander';
import { FewstepError } from '../errors.js';
import { doctorCommand } from './doctor.js';

const program = new Command('fewstep')
  .description('few-step sampling of diffusion models on any GPU')
  .addCommand(doctorCommand());

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof FewstepError)) throw error;
  console.error(`error: ${error.message}\n  ${error.remedy}`);
  process.exitCode = 2;
}
// Dawn's threads keep Node alive, and piped output is not yet out: leave when it is.
process.stdout.write('', () => process.exit());
