/** The page: what solvers make of a few evaluations, on the GPU of the browser that opens it. */
import { type FewstepError, Gpu, parseSolver, requestDevice, solvers, stepsForNfe } from '../src/index.js';
import { choices } from './fields.js';
import { drawScatter, type Scatter } from './scatter.js';
import { type Compared, EXACT, LEARNING, TEACHER, Workbench } from './workbench.js';

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const fieldChoice = element<HTMLSelectElement>('field');
const nfeChoice = element<HTMLInputElement>('nfe');
const solverChoice = element<HTMLSelectElement>('solver');
const afsChoice = element<HTMLInputElement>('afs');
const learnButton = element<HTMLButtonElement>('learn');
const status = element('status');

let gpu: Gpu;
let batch: number;
const workbenches = new Map<string, Workbench>();
/** One thing at a time on the GPU; what was asked for last is what is shown. */
let working: Promise<void> = Promise.resolve();
let asked = 0;

function workbench(): Workbench {
  const name = fieldChoice.value;
  let found = workbenches.get(name);
  if (!found) {
    found = new Workbench(gpu, choices[name].field, batch);
    workbenches.set(name, found);
  }
  return found;
}

/** Whether a solver can make exactly so many evaluations. */
function reaches(solver: string, nfe: number, afs: boolean): boolean {
  try {
    stepsForNfe(parseSolver(solver).solver, nfe, { afs });
    return true;
  } catch {
    return false;
  }
}

async function show(): Promise<void> {
  const turn = ++asked;
  const nfe = Number(nfeChoice.value);
  const [solver, afs] = [solverChoice.value, afsChoice.checked];
  element('count').textContent = `${nfe}`;
  const bench = workbench();
  const exact = await bench.exact();
  draw('exact', { samples: exact.samples, exact: exact.samples }, [
    ['solver', EXACT.solver],
    ['evaluations each', `${exact.evaluations}`],
  ]);
  const title = `${solver}${afs ? ' + AFS' : ''}`;
  element('plain-title').textContent = title;
  if (reaches(solver, nfe, afs)) {
    const plain = await bench.compare({ solver, nfe, afs });
    if (turn !== asked) return;
    draw('plain', { ...plain, exact: exact.samples }, figuresOf(plain));
    say('');
  } else {
    clear('plain');
    say(`${title} cannot make exactly ${nfe} evaluations: choose another NFE, or another solver.`);
  }
  const bespoke = await bench.bespoke(nfe);
  if (turn !== asked) return;
  element('bespoke-title').textContent = bench.hasLearned(nfe)
    ? 'bespoke, learned here'
    : 'bespoke, the universal table';
  draw('bespoke', { ...bespoke, exact: exact.samples }, figuresOf(bespoke));
  learnButton.disabled = bench.hasLearned(nfe);
  learnButton.textContent = bench.hasLearned(nfe)
    ? 'Learned for this NFE'
    : `Learn a solver for this field at NFE ${nfe}`;
}

async function learn(): Promise<void> {
  const nfe = Number(nfeChoice.value);
  learnButton.disabled = true;
  let error = '';
  const seconds = await workbench().learn(nfe, ({ done, score }) => {
    if (score) error = `, mean error on validation trajectories ${score.mean.toPrecision(3)}`;
    say(`Learning at NFE ${nfe}: ${Math.round(100 * done)} %${error}`);
  });
  await show();
  const pool = `${LEARNING.trajectories.toLocaleString('en')} trajectories of ${TEACHER.solver} at NFE ${TEACHER.nfe}`;
  say(`Learned at NFE ${nfe} in ${seconds.toPrecision(2)} s from ${pool}.`);
}

/** What is written below a panel: a name, a value, and the class of an entry that stands out. */
type Figures = [name: string, value: string, kind?: string][];

function figuresOf({ evaluations, ms, samples, mean, median }: Compared): Figures {
  const rate = (1000 * samples.length) / 2 / ms;
  return [
    ['mean error', mean.toPrecision(3), 'error'],
    ['median error', median.toPrecision(3)],
    ['evaluations each', `${evaluations}`],
    ['time', `${ms.toPrecision(3)} ms, ${Math.round(rate).toLocaleString('en')} samples/s`],
  ];
}

function draw(panel: string, scatter: Scatter, figures: Figures): void {
  drawScatter(element<HTMLCanvasElement>(panel), scatter);
  element(`${panel}-figures`).replaceChildren(
    ...figures.flatMap(([name, value, kind]) => {
      const [term, data] = [document.createElement('dt'), document.createElement('dd')];
      term.textContent = name;
      data.textContent = value;
      if (kind) data.className = kind;
      return [term, data];
    }),
  );
}

function clear(panel: string): void {
  const canvas = element<HTMLCanvasElement>(panel);
  canvas.getContext('2d')!.clearRect(0, 0, canvas.width, canvas.height);
  element(`${panel}-figures`).replaceChildren();
}

function say(text: string): void {
  status.classList.remove('failed');
  status.textContent = text;
}

function fail(error: unknown): void {
  status.classList.add('failed');
  const { message, remedy } = error as Partial<FewstepError>;
  status.textContent = remedy ? `${message}: ${remedy}` : (message ?? String(error));
  learnButton.disabled = true;
}

/** Does something after what is under way. */
function then(work: () => Promise<void>): void {
  working = working.then(work).catch(fail);
}

async function open(): Promise<void> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) {
    throw new Error(
      'This browser offers no WebGPU adapter: use a current Chrome, Edge, Safari or Firefox with WebGPU enabled.',
    );
  }
  gpu = new Gpu(await requestDevice(adapter));
  batch = gpu.adapter.software ? 1000 : 4000;
  element('adapter').textContent =
    `${gpu.adapter.name}${gpu.adapter.software ? ', a software adapter' : ''}; ${batch.toLocaleString('en')} latents`;
}

for (const [name, { title }] of Object.entries(choices)) fieldChoice.add(new Option(title, name));
for (const { name } of solvers) solverChoice.add(new Option(name, name, name === 'ipndm-3'));
solverChoice.value = 'ipndm-3';
element('count').textContent = nfeChoice.value;
then(async () => {
  await open();
  for (const input of [fieldChoice, nfeChoice, solverChoice, afsChoice]) {
    input.addEventListener('input', () => then(show));
  }
  learnButton.addEventListener('click', () => then(learn));
  await show();
});
