import { Command, Option } from 'commander';
import { writeAtomic } from '../node/files.js';
import { loadPredictor } from '../node/predictor.js';
import { saveTable } from '../node/table.js';
import { checkExportable, exportSchedules } from '../predictor/schedule-export.js';
import { list } from '../report/number.js';
import { runOf } from '../sample-plan.js';
import { needsMean, tableOf } from '../solver/table.js';
import { untilInterrupted } from './interrupt.js';
import { wholeNumber } from './options.js';
import { checkOutput } from './output.js';

const HELP = `
Writes what a table of answers or a solver's times learned as JSON, for another library to sample with: the times of the
grid, of each step of an AMED solver the learned time and scales, the evaluations in order, each with what the field is told, and
what the numbers mean. A network answers each trajectory differently and cannot be exported.

With --form table, and of a bespoke solver always, it is the table of coefficients at one NFE: the sigma that each
evaluation is told, and each state and the result as a sum of the latents, the mean of the data and what was evaluated
before. That needs no formulas, a loop runs it (examples/numpy_table.py), and so does \`fewstep sample --table\`.

Examples:
  fewstep export --predictor ring.safetensors --out schedule.json
  fewstep export --predictor ring.safetensors --nfe 5 --out schedule.json
  fewstep export --predictor ring.safetensors --nfe 5 --form table --out table.json

Exit status: 0 when the file is written, 2 for a request that cannot be met.`;

interface ExportOptions {
  predictor: string;
  nfe?: number;
  form: 'schedule' | 'table';
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
    .addOption(
      new Option('--form <form>', 'times and scales to put into formulas, or the table of coefficients')
        .choices(['schedule', 'table'])
        .default('schedule'),
    )
    .requiredOption('--out <file>', 'where it goes (.json)')
    .addHelpText('after', HELP)
    .action((options: ExportOptions) => untilInterrupted(() => runExport(options)));
}

async function runExport({ predictor: file, nfe, form, out }: ExportOptions): Promise<void> {
  checkOutput('--out', out, '.json');
  const { predictor, field } = await loadPredictor(file);
  if (form === 'table' || predictor.kind === 'bespoke') {
    checkExportable(predictor);
    const table = tableOf(runOf({ predictor, nfe }).plan);
    const mean = predictor.kind === 'bespoke' && needsMean(table) ? [...predictor.data.mean] : undefined;
    await saveTable(out, {
      table,
      mean,
      note: `learned on a ${field.kind} field of ${field.dim} numbers`,
    });
    process.stdout.write(`${out}: table of ${table.solver} at NFE ${table.times.length}\n`);
    return;
  }
  const exported = exportSchedules(predictor, nfe);
  await writeAtomic(out, `${JSON.stringify(exported, null, 2)}\n`);
  const counts = list(exported.schedules.map((schedule) => schedule.nfe));
  process.stdout.write(`${out}: ${exported.solver} at NFE ${counts}\n`);
}
