/**
 * Where learning pays, and by how much: every learned few-step solver on one field at fixed NFE, beside its rivals and
 * every solver that learned nothing. Fresh latents, several seeds. `npm run bench:learned -- --help`.
 */
import { basename } from 'node:path';
import { Command, Option } from 'commander';
import { deviceOption, fieldDetails, wholeNumber, wholeNumbers } from '../src/cli/options.js';
import { ROBUST } from '../src/distill/settings.js';
import { FewstepError, unknownName } from '../src/errors.js';
import { Gpu } from '../src/gpu/gpu.js';
import { type DeviceChoice, openDevice } from '../src/node/adapter.js';
import { type FieldOptions, loadField } from '../src/node/field/load.js';
import { amedSolvers } from '../src/solver/amed.js';
import { solvers } from '../src/solver/registry.js';
import { describeRun } from './describe-run.js';
import { GROUPS, USUAL_CHOICE, USUAL_GROUPS } from './learned/groups.js';
import { textOf } from './learned/print.js';
import { runLearned } from './learned/run.js';
import { Store } from './learned/store.js';
import { summaryOfFiles } from './learned/summary-text.js';
import { type TruthOptions, truthOf } from './learned/truth.js';
import { leaveAfter } from './leave.js';

interface Options extends FieldOptions, TruthOptions {
  field?: string;
  rows: string[];
  nfe: number[];
  seeds: number[];
  batch: number;
  trajectories: number;
  iterations: number;
  networks: string[];
  conditioned: string[];
  tables: string[];
  times: string[];
  budgets: number[];
  out?: string;
  device?: DeviceChoice;
  summary?: string[];
}

const list = (text: string) => text.split(',').filter((name) => name !== '');
const command = new Command('npm run bench:learned --')
  .description('measure what solvers learn on one field, beside their rivals and those that learned nothing')
  .option('--field <field>', 'built-in problem, .json, .wgsl, .safetensors or data file')
  .option('--out <file>', 'where all figures go as JSON; what it has of the same settings is not run again')
  .addOption(
    new Option('--rows <groups>', `of ${Object.keys(GROUPS).join(', ')}`)
      .argParser(list)
      .default(USUAL_GROUPS),
  )
  .addOption(new Option('--nfe <counts>').argParser(wholeNumbers(2, 48)).default([3, 4, 5, 6, 7, 8, 9, 10]))
  .addOption(new Option('--seeds <seeds>').argParser(wholeNumbers(0)).default([0, 1, 2]))
  .addOption(new Option('--batch <count>', 'fresh latents').argParser(wholeNumber(2)).default(1024))
  .addOption(
    new Option('--trajectories <count>', 'of the teacher').argParser(wholeNumber(512)).default(10_112),
  )
  .addOption(
    new Option(
      '--iterations <count>',
      'of trainings by the robust recipe; those of bespoke solvers in proportion',
    )
      .argParser(wholeNumber(0))
      .default(ROBUST.iterations),
  )
  .addOption(new Option('--tables <solvers>', 'of amed-tables').argParser(list).default(USUAL_CHOICE.tables))
  .addOption(new Option('--times <solvers>', 'of times').argParser(list).default(USUAL_CHOICE.times))
  .addOption(
    new Option('--budgets <counts>', 'of the groups ..-budgets: evaluations of the field')
      .argParser(wholeNumbers(1))
      .default(USUAL_CHOICE.budgets),
  )
  .addOption(
    new Option('--networks <solvers>', 'of amed-networks and amed-published')
      .argParser(list)
      .default(USUAL_CHOICE.networks),
  )
  .addOption(
    new Option('--conditioned <solvers>', 'of amed-conditioned: one network for all NFE')
      .argParser(list)
      .default(USUAL_CHOICE.conditioned),
  )
  .option(
    '--data <data>',
    'problem or data file that a network learned, or held-out data: for distances and flips',
  )
  .option('--data-columns <selection>', 'columns of --data, such as 0-63')
  .option('--data-labels <column>', 'column of --data with classes: a flip is then another class')
  .option('--summary <files...>', 'no run: what the figures in these files come to, as Markdown')
  .addOption(deviceOption())
  .exitOverride();
for (const option of fieldDetails()) command.addOption(option);
await leaveAfter(async () => {
  const options = command.parse().opts<Options>();
  if (options.summary) console.log(await summaryOfFiles(options.summary));
  else await bench(options);
});

async function bench(options: Options): Promise<void> {
  const {
    nfe: counts,
    seeds,
    batch,
    trajectories,
    iterations,
    tables,
    networks,
    conditioned,
    times,
    budgets,
  } = options;
  const { columns, bandwidth, scale, dim, label, guidance, precision } = options;
  const { dataColumns, dataLabels, rows: groups, out } = options;
  if (options.field === undefined || out === undefined) {
    const missing = out === undefined ? '--out' : '--field';
    throw new FewstepError('bad-argument', `${missing} is not given`, 'give --field and --out, or --summary');
  }
  checkNames('group of rows', groups, Object.keys(GROUPS));
  const amedNames = amedSolvers.map(({ name }) => name);
  checkNames('AMED solver', [...tables, ...networks, ...conditioned], amedNames);
  checkNames(
    'solver',
    times,
    solvers.map(({ name }) => name),
  );
  const details = { columns, bandwidth, scale, dim, label, guidance, precision };
  const field = await loadField(options.field, details);
  const truth = await truthOf(field, options);
  const { device, adapter } = await openDevice({ device: options.device });
  const run = {
    ...describeRun(adapter),
    started: new Date().toISOString(),
    seconds: 0,
    ...{ groups, nfe: counts, seeds },
  };
  // Names of files, not their folders, which are this machine's own.
  const data = options.data && basename(options.data);
  const settings = { field: basename(options.field), ...details, data, dataColumns, dataLabels };
  const store = await Store.open(
    out,
    { ...settings, batch, trajectories, iterations },
    { kind: field.kind, dim: field.dim },
    run,
  );
  await runLearned(store, {
    ...{ gpu: new Gpu(device, adapter), field, truth, counts, seeds, groups, batch },
    choice: { tables, networks, conditioned, times, budgets },
    settings: { ...ROBUST, trajectories, iterations },
    onGroup: (group, nfe, seed) => console.error(`seed ${seed}, NFE ${nfe}: ${group}`),
    onRows: (rows, nfe, seed) => console.log(`\nseed ${seed}${textOf(rows, nfe)}`),
  });
  const { name, driver, software } = adapter;
  console.log(`\n${name} (${driver}), ${software ? 'software' : 'hardware'}; figures in ${out}`);
}

function checkNames(what: string, names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw unknownName(what, unknown, known);
}
