/** The page: what solvers make of a few evaluations, on the GPU of the browser that opens it. */
import { SEARCHED_GRIDS } from '../src/distill/learnable/start.js';
import { DEFAULT_GRID } from '../src/grid/grid.js';
import {
  FewstepError,
  Gpu,
  type PlanRequest,
  parseSolver,
  requestDevice,
  solvers,
  stepsForNfe,
} from '../src/index.js';
import { count, figure } from '../src/report/number.js';
import { rowLabel } from '../src/report/results.js';
import { choices } from './fields.js';
import { type Method, methods } from './methods.js';
import { type Figures, Panel } from './panel.js';
import { type Compared, EXACT, type Progress, TEACHER, TRAJECTORIES, Workbench } from './workbench.js';

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const controls = element<HTMLFieldSetElement>('choices');
const fieldChoice = element<HTMLSelectElement>('field');
const nfeChoice = element<HTMLInputElement>('nfe');
const solverChoice = element<HTMLSelectElement>('solver');
const gridChoice = element<HTMLSelectElement>('grid');
const afsChoice = element<HTMLInputElement>('afs');
const methodChoice = element<HTMLSelectElement>('method');
const learnButton = element<HTMLButtonElement>('learn');
const stopButton = element<HTMLButtonElement>('stop');
const status = element('status');
const panels = { exact: new Panel('exact'), plain: new Panel('plain'), learned: new Panel('learned') };

/** After these nothing runs any more on the device. */
const FATAL = ['device-lost', 'out-of-memory', 'device-limit'];
/** Milliseconds after which the page says that it is at work. */
const NOTICED = 300;

let gpu: Gpu;
let batch: number;
const workbenches = new Map<string, Workbench>();
/** One thing at a time on the GPU; what was asked for last is what is shown. */
let working: Promise<void> = Promise.resolve();
let asked = 0;
/** What the panels show: which of those that were asked for, and what was said of it. */
let shown = { turn: 0, result: '', kind: '' };
let stop: AbortController | undefined;

function workbench(): Workbench {
  const name = fieldChoice.value;
  let found = workbenches.get(name);
  if (!found) {
    found = new Workbench(gpu, choices[name].field, batch);
    workbenches.set(name, found);
  }
  return found;
}

/** What the controls say. */
function chosen() {
  const method = methodChoice.value;
  return {
    ...{ bench: workbench(), field: choices[fieldChoice.value].title, nfe: Number(nfeChoice.value) },
    plain: { solver: solverChoice.value, grid: gridChoice.value, afs: afsChoice.checked },
    ...{ method, ...(methods[method] as Method) },
  };
}

/** Makes labels say what the controls do. */
function follow(): void {
  const { bench, nfe, method } = chosen();
  element('count').textContent = `${nfe}`;
  const learned = bench.learned(method, nfe);
  const done = learned !== undefined && !learned.stopped;
  learnButton.disabled = done;
  learnButton.textContent = done ? `Learned at NFE ${nfe}` : `Learn at NFE ${nfe}`;
}

/** Shows what was asked for last; what has been asked for meanwhile makes it give up. */
function ask(): void {
  follow();
  const turn = ++asked;
  then(() => show(turn));
}

/** @param before what to say before the result */
async function show(turn: number, before = ''): Promise<void> {
  const isWanted = () => turn === asked;
  if (!isWanted()) return;
  const { bench, field, nfe, plain: given, method, name, before: untrainedAs, untrained } = chosen();
  const title = rowLabel(given);
  const learned = bench.learned(method, nfe);
  const learnedTitle = `${name}, ${learned ? 'learned here' : untrainedAs}`;
  const samples = `${count(batch)} samples`;
  const slow = setTimeout(() => isWanted() && say('Solving…'), NOTICED);
  element('panels').ariaBusy = 'true';
  try {
    const exact = await bench.exact();
    const missing = unreachable({ ...given, nfe });
    const plain = missing ? undefined : await bench.compare({ ...given, nfe });
    if (!isWanted()) return;
    const best = await bench.compare(learned ? { plan: learned.plan } : untrained(nfe));
    if (!isWanted()) return;

    const label = (what: string, { mean }: Compared) =>
      `${samples} of ${what} after ${nfe} evaluations, each tied by a line to where the exact flow ends; mean error ${figure(mean)}`;
    panels.exact.show(
      'exact flow',
      `${samples} of the exact flow: ${field}`,
      { samples: exact.samples, exact: exact.samples },
      [
        ['mean error', '0, by definition', 'error'],
        ['solver', EXACT.solver],
        ['evaluations each', `${exact.evaluations}`],
      ],
    );
    if (plain) {
      panels.plain.show(title, label(title, plain), { ...plain, exact: exact.samples }, figuresOf(plain, []));
    } else panels.plain.empty(title, `${title} has no run of exactly ${nfe} evaluations`);
    panels.learned.show(learnedTitle, label(learnedTitle, best), { ...best, exact: exact.samples }, [
      ...figuresOf(best, plain ? [[`against ${given.solver}`, compared(best, plain), 'error']] : []),
      ...(learned ? ([['learned in', `${learned.seconds.toPrecision(2)} s`]] as Figures) : []),
    ]);
    const result = plain
      ? `With ${nfe} evaluations ${name} (${learned ? 'learned here' : untrainedAs}) has a mean error of ${figure(best.mean)}, against ${figure(plain.mean)} of ${title}: ${compared(best, plain)}.`
      : sentences(missing!.message, missing!.remedy);
    shown = { turn, result, kind: plain ? '' : 'refused' };
    say(before + result, shown.kind);
  } finally {
    clearTimeout(slow);
    element('panels').ariaBusy = 'false';
  }
}

/** Why a solver cannot make exactly so many evaluations; undefined where it can. */
function unreachable({ solver, nfe, afs }: PlanRequest): FewstepError | undefined {
  try {
    stepsForNfe(parseSolver(solver).solver, nfe, { afs });
  } catch (error) {
    if (error instanceof FewstepError) return error;
    throw error;
  }
}

function figuresOf({ evaluations, ms, samples, mean, median }: Compared, more: Figures): Figures {
  const rate = Number(((1000 * samples.length) / 2 / ms).toPrecision(3));
  return [
    ['mean error', figure(mean), 'error'],
    ...more,
    ['median error', figure(median)],
    ['evaluations each', `${evaluations}`],
    ['time', `${ms.toPrecision(3)} ms, ${count(rate)} samples/s`],
  ];
}

/** How one mean error is to another's. */
function compared(own: Compared, other: Compared): string {
  const ratio = other.mean / own.mean;
  const times = Number(Math.max(ratio, 1 / ratio).toPrecision(2));
  if (times === 1) return 'about the same';
  return `${times.toLocaleString('en')} times ${ratio > 1 ? 'lower' : 'higher'}`;
}

/** What is said where a learning was stopped before it had anything. */
const CANCELLED = 'Cancelled. ';

/** Learns what is chosen, until it is done or somebody has seen enough. Controls wait, and all else stays as it was. */
function learn(): void {
  const { bench, nfe, method, name } = chosen();
  stop = new AbortController();
  const { signal } = stop;
  const what = `Learning ${name} at NFE ${nfe}`;
  const isCurrent = shown.turn === asked;
  const turn = ++asked; // what was asked for before is shown at the end
  lock(true);
  say(`${what}…`);
  progress({ stage: '', number: 0, stages: 1 });
  let stage = '';
  const report = (at: Progress) => {
    if (signal.aborted) return;
    if (at.stage !== stage) say(`${what}, stage ${at.number} of ${at.stages}: ${at.stage}`);
    stage = at.stage;
    progress(at);
  };
  then(async () => {
    let outcome: string | undefined;
    try {
      const { seconds, stopped } = await bench.learn(method, nfe, report, signal);
      outcome = `${stopped ? 'Stopped after' : 'Learned in'} ${seconds.toPrecision(2)} s. `;
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      lock(false);
    }
    follow();
    if (outcome || !isCurrent) return show(turn, outcome ?? CANCELLED);
    shown.turn = turn;
    say(CANCELLED + shown.result, shown.kind);
  });
}

/** Whether something is being learned: controls wait, and a button is there that stops it. */
function lock(learning: boolean): void {
  const active = document.activeElement;
  const held = active === stopButton || controls.contains(active);
  controls.disabled = learning;
  element('learning').hidden = !learning;
  element('detail').textContent = '';
  if (!held) return;
  follow();
  if (learning) stopButton.focus();
  else (learnButton.disabled ? nfeChoice : learnButton).focus();
}

function progress({ done, of, unit, score }: Progress): void {
  const bar = element<HTMLProgressElement>('progress');
  if (of) bar.value = done! / of;
  else bar.removeAttribute('value');
  const error = score ? `, mean error ${figure(score.mean)}` : '';
  element('detail').textContent = of ? `${unit} ${count(done!)} of ${count(of)}${error}` : '';
}

function say(text: string, kind = ''): void {
  status.className = kind;
  status.textContent = text;
}

function fail(error: unknown): void {
  const { message, remedy, code } = error as Partial<FewstepError>;
  const fatal = gpu === undefined || FATAL.includes(code ?? '');
  const what = fatal && gpu ? 'reload the page' : remedy;
  say(sentences(message ?? String(error), what), 'failed');
  if (!fatal) return;
  controls.disabled = true;
  element('adapter').hidden = true;
}

/** What is wrong, which may begin with a solver's name, and what to do about it. */
function sentences(wrong: string, remedy = ''): string {
  const ended = (text: string) => (text === '' || text.endsWith('.') ? text : `${text}.`);
  return `${ended(wrong)} ${ended(remedy.slice(0, 1).toUpperCase() + remedy.slice(1))}`.trim();
}

/** Does something after what is under way. */
function then(work: () => Promise<void>): void {
  working = working.then(work).catch(fail);
}

/** The browser's adapter, or why it has none and what to do. */
async function adapterHere(): Promise<GPUAdapter> {
  if (!navigator.gpu) {
    throw new Error(
      window.isSecureContext
        ? 'This browser offers no WebGPU, which this page runs on. Open it in a current Chrome, Edge, Safari or Firefox; on Linux, Chrome may need chrome://flags/#enable-unsafe-webgpu, and Firefox dom.webgpu.enabled in about:config.'
        : 'A browser offers WebGPU to secure pages only. Open this one over https, from localhost, or as a file.',
    );
  }
  const adapter = await navigator.gpu.requestAdapter();
  if (adapter) return adapter;
  throw new Error(
    'This browser offers WebGPU, but found no GPU that it can use. Turn on hardware acceleration in its settings, update the graphics driver, or open this page in another browser or on another machine.',
  );
}

async function open(): Promise<void> {
  gpu = new Gpu(await requestDevice(await adapterHere()));
  batch = gpu.adapter.software ? 1000 : 4000;
  element('adapter').textContent =
    `${gpu.adapter.name}${gpu.adapter.software ? ', a software adapter' : ''}; ${count(batch)} latents`;
  for (const part of ['choices', 'panels', 'about']) element(part).hidden = false;
  controls.disabled = false;
}

for (const [name, { title }] of Object.entries(choices)) fieldChoice.add(new Option(title, name));
for (const { name } of solvers) solverChoice.add(new Option(name, name));
for (const grid of SEARCHED_GRIDS) gridChoice.add(new Option(grid, grid));
for (const [key, { name, learns }] of Object.entries(methods)) {
  methodChoice.add(new Option(`${name}: ${learns}`, key));
}
solverChoice.value = 'ipndm-3';
gridChoice.value = DEFAULT_GRID;
element('pool').textContent =
  `${count(TRAJECTORIES.training)} trajectories of ${TEACHER.solver} at NFE ${TEACHER.nfe}`;
for (const input of [fieldChoice, nfeChoice, solverChoice, gridChoice, afsChoice, methodChoice]) {
  input.addEventListener('input', ask);
}
learnButton.addEventListener('click', learn);
stopButton.addEventListener('click', () => {
  stop?.abort();
  say('Stopping…');
});
const redraw = () => {
  for (const panel of Object.values(panels)) panel.redraw();
};
window.addEventListener('resize', redraw);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
then(async () => {
  await open();
  ask();
});
