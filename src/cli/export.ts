import { Command, Option } from 'commander';
import { writeAtomic } from '../node/files.js';
import { loadPredictor } from '../node/predictor.js';
import { exportSchedules } from '../predictor/schedule-export.js';
import { list } from '../report/number.js';
import { wholeNumber } from './options.js';
import { checkOutput } from './output.js';

const HELP = `
Writes what a table of answers learned as JSON, for another library to sample with: the times of the grid, of each step
the learned time and scales, the evaluations in order, and what the numbers mean. A network answers each trajectory
differently and cannot be exported.

Examples:
  fewstep export --predictor ring.safetensors --out schedule.json
  fewstep export --predictor ring.safetensors --nfe 5 --out schedule.json

Exit status: 0 when the file is written, 2 for a request that cannot be met.`;

interface ExportOptions {
  predictor: string;
  nfe?: number;
  out: string;
}

/** `fewstep export`: a learned schedule as JSON. */
export function exportCommand(): Command {
  return new Command('export')
    .description('write a learned schedule as JSON for other libraries')
    .requiredOption('--predictor <file>', 'what `fewstep distill` learned')
    .addOption(
      new Option('--nfe <count>', 'one of those that it learned for (default: all)').argParser(
        wholeNumber(1, 4096),
      ),
    )
    .requiredOption('--out <file>', 'where the schedule goes (.json)')
    .addHelpText('after', HELP)
    .action(async ({ predictor: file, nfe, out }: ExportOptions) => {
      checkOutput('--out', out, '.json');
      const { predictor } = await loadPredictor(file);
      const exported = exportSchedules(predictor, nfe);
      await writeAtomic(out, `${JSON.stringify(exported, null, 2)}\n`);
      const counts = list(exported.schedules.map((schedule) => schedule.nfe));
      process.stdout.write(`${out}: ${exported.solver} at NFE ${counts}\n`);
    });
}
