import { Command } from 'commander';
import { type DeviceChoice, deviceChoice } from '../node/adapter.js';
import { type AdapterReport, type DoctorReport, examine } from '../node/doctor.js';
import { deviceOption } from './options.js';

/** `fewstep doctor`: which adapters work on this machine, which one is chosen, and how to get the others. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'show the GPU adapters of this machine, run a kernel on each, and tell how to get what is missing',
    )
    .addOption(deviceOption())
    .option('--json', 'print the report as JSON')
    .addHelpText('after', '\nExit status: 0 when a device of that choice works, 2 otherwise.')
    .action(async (options: { device?: DeviceChoice; json?: boolean }) => {
      const report = await examine(deviceChoice(options.device));
      console.log(options.json ? JSON.stringify(report, null, 2) : format(report));
      if (!report.works) process.exitCode = 2;
    });
}

function format(report: DoctorReport): string {
  const { system, drivers, adapters, choice, chosen } = report;
  return [
    `Node ${system.node} on ${system.platform} ${system.arch}, webgpu ${system.webgpu}`,
    ...(system.platform === 'linux' ? ['', 'Vulkan drivers of this system'] : []),
    ...drivers.map(({ manifest, library }) => `  ${manifest} (${library})`),
    ...(system.platform === 'linux' && drivers.length === 0 ? ['  none'] : []),
    ...adapters.flatMap((adapter) => ['', ...formatAdapter(adapter)]),
    '',
    chosen ? `Chosen for '${choice}': ${chosen}` : `Nothing works for '${choice}'`,
  ].join('\n');
}

function formatAdapter({
  kind,
  works,
  adapter,
  limits,
  features,
  proof,
  problem,
  advice,
}: AdapterReport): string[] {
  const lines = [`${kind}: ${works ? 'works' : problem}`];
  if (adapter) lines.push(`  ${adapter.name}, ${adapter.driver}, ${adapter.backend}`);
  if (proof) {
    const { count, worst, milliseconds } = proof;
    lines.push(
      `  kernel: ${count} results, largest error ${worst.toFixed(2)} of what float32 allows, ` +
        `${milliseconds.toFixed(1)} ms with compilation`,
    );
  }
  for (const [name, value] of Object.entries(limits ?? {})) lines.push(`  ${name}: ${quantity(name, value)}`);
  if (features) lines.push(`  features: ${features.join(', ') || 'none of those that matter'}`);
  for (const sentence of advice ?? []) lines.push(`  to get it: ${sentence}`);
  return lines;
}

/** Byte limits with their unit, other limits plain. */
function quantity(name: string, value: number): string {
  if (!/Size$/.test(name) || value < 2 ** 10) return String(value);
  return value < 2 ** 20 ? `${value / 2 ** 10} KiB` : `${Math.round(value / 2 ** 20)} MiB`;
}
