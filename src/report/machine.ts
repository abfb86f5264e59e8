import { type Content, type Html, html } from './html.js';
import { count, figure, list, plural } from './number.js';
import type { MachineDescription, ProblemResult, Results, Spread } from './results.js';

/** What the figures are figures of: machine, exact endpoint, floors, how to repeat the run. */
export function machineSection(results: Results): Html {
  const { run, problems } = results;
  const facts: Fact[] = [
    ...machineFacts(run),
    [
      'Run',
      `${run.started}, ${count(run.seconds)} s, suite ${run.suite}, ${results.complete ? 'complete' : 'interrupted'}`,
    ],
    [
      'Trajectories',
      `${list([...new Set(problems.map((problem) => count(problem.batch)))])} a cell, seeds ${run.seeds.join(', ')}`,
    ],
    ['Range of σ', `${run.sigmaMax} to ${run.sigmaMin}`],
    ['Evaluations', evaluations(results)],
  ];
  return html`<section id="method"><h2>Method and machine</h2>
<p>The error of a trajectory is the Euclidean distance of its end point from the one that an accurate solve reaches from the same latent. How accurate that solve is follows from the same solve with half the evaluations (which bounds its error from above) and from a float64 solve of the same plan on part of the batch. The floor is the distance of two independent draws of the true distribution, of the sizes used in the tables: no sampler can be told from the truth below it.</p>
<div class="scroll"><table class="figures"><thead><tr><th scope="col">Problem</th><th scope="col">D</th><th scope="col">exact solve</th><th scope="col">to half NFE</th><th scope="col">to float64</th><th scope="col">floor SW</th><th scope="col">energy</th><th scope="col">Fréchet</th></tr></thead><tbody>
${problems.map(
  (
    problem,
  ) => html`<tr><th scope="row">${problem.title}</th><td>${problem.dim}</td><td>${problem.exact.solver}, NFE ${problem.exact.nfe}</td>${spread(problem.exact.halved)}${spread(problem.exact.float64)}<td>${figure(problem.floor.slicedWasserstein)}</td><td>${figure(problem.floor.energy)}</td><td>${figure(problem.floor.frechet)}</td></tr>
`,
)}</tbody></table></div>
<p class="note">Accuracies are medians over trajectories, 95th percentile and maximum on hover. SW: sliced Wasserstein distance.</p>
${notes(results).map(({ kind, text }) => html`<p class="${kind}">${text}</p>`)}
${factList(facts)}
${repeat(run.command)}
</section>`;
}

/** What is known of a run, under its name. */
export type Fact = readonly [name: string, value: Content];

export function factList(facts: readonly Fact[]): Html {
  return html`<dl>${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

export function repeat(command: string): Html {
  return html`<p>To repeat this run:</p>
<pre>${command}</pre>`;
}

export function machineFacts({ adapter, cpu, cores, platform, ...source }: MachineDescription): Fact[] {
  return [
    [
      'Adapter',
      `${adapter.name}, ${adapter.driver}, ${adapter.backend}${adapter.software ? ' (software)' : ''}`,
    ],
    ['Toggles', adapter.toggles.join(', ') || 'none'],
    ['Processor', `${cpu}, ${plural(cores, 'core')}, ${platform}`],
    ['Versions', versions(source)],
  ];
}

/** What holds for some problems alone and changes how figures are to be read. */
function notes(results: Results): { kind: 'note' | 'warning'; text: string }[] {
  return results.problems.flatMap((problem) => {
    const { title, scaling, search, standIn } = problem;
    const inaccurate = comparedTo(results, problem);
    return [
      ...(inaccurate === undefined ? [] : [{ kind: 'warning' as const, text: inaccurate }]),
      ...(scaling === undefined
        ? []
        : [
            {
              kind: 'note' as const,
              text: `${title}: the field works on (x − ${figure(scaling.offset)}) / ${figure(scaling.scale)}, in which σ is measured; errors and distances are in the data’s own units.`,
            },
          ]),
      ...(search === undefined
        ? []
        : [
            {
              kind: 'note' as const,
              text: `${title}: the grid gits was searched with ${search.teacher} at NFE ${search.evaluations} on ${count(search.trajectories)} trajectories of other latents, once for all NFE, in ${figure(search.seconds)} s.`,
            },
          ]),
      ...(standIn
        ? [
            {
              kind: 'note' as const,
              text: `${title}: its distribution cannot be drawn from, so samples of the accurate solve from other latents stand in for true ones.`,
            },
          ]
        : []),
    ];
  });
}

/** How many times below every error the exact solve's own should be. */
const MARGIN = 10;

/** Says so where the exact solve is not accurate enough for what is compared with it. */
function comparedTo({ cells }: Results, { name, title, exact }: ProblemResult): string | undefined {
  const errors = cells.flatMap((cell) => (cell.problem === name ? (cell.error?.median ?? []) : []));
  const own = Math.max(exact.halved.median, exact.float64?.median ?? 0);
  const smallest = Math.min(...errors);
  if (errors.length === 0 || own * MARGIN <= smallest) return undefined;
  return `${title}: the exact solve may be off by ${figure(own)}, and the smallest median error is ${figure(smallest)}. Errors of that size say little: repeat the run with a larger --exact-nfe.`;
}

function spread(measured: Spread | undefined): Html {
  if (!measured) return html`<td class="none" title="the field has no float64 form">–</td>`;
  const { median, p95, max } = measured;
  return html`<td title="95th percentile ${figure(p95)}, maximum ${figure(max)}">${figure(median)}</td>`;
}

function versions(run: Pick<MachineDescription, 'fewstep' | 'commit' | 'node' | 'packages'>): string {
  const commit = run.commit === undefined ? '' : ` (${run.commit.replace(/^([0-9a-f]{12})[0-9a-f]+/, '$1')})`;
  const packages = Object.entries(run.packages).map(([name, version]) => `${name} ${version}`);
  return [`fewstep ${run.fewstep}${commit}`, `Node ${run.node}`, ...packages].join(', ');
}

/** Whether what the executor counted is what the tables say. */
function evaluations({ cells }: Results): string {
  const wrong = cells.filter((cell) => cell.evaluations !== cell.nfe);
  if (wrong.length === 0) {
    return `counted while running: in all ${count(cells.length)} cells exactly as many per trajectory as the NFE says`;
  }
  const shown = wrong
    .slice(0, 5)
    .map((cell) => `${cell.problem}, ${cell.solver}, NFE ${cell.nfe}: ${cell.evaluations}`);
  return `counted while running: ${count(wrong.length)} of ${count(cells.length)} cells made another number than the NFE says (${shown.join('; ')}${wrong.length > shown.length ? '; …' : ''})`;
}
