/** What a kernel became on a GPU that its driver compiled it for. */
export interface CompiledKernel {
  kernel: string;
  subject: string;
  /** Dawn and the driver, milliseconds. */
  ms: number;
  /** Lanes of a subgroup. */
  lanes: number;
  /** Of a lane, of 256 or 255, on AMD's and NVIDIA's GPUs; live in a thread, which has 128 of 32 bytes, on Intel's. */
  registers: number;
  /** What went to memory: registers of a wave on AMD's GPUs, elsewhere instructions that store them; and its bytes. */
  spilled: number;
  scratch: number;
  /** Workgroup memory, bytes. */
  shared?: number;
  /** That find room on one of a compute unit's processors (AMD, at most 16 or 32) or on a multiprocessor (NVIDIA). */
  waves?: number;
  instructions: number;
  /** That the compiler reckons for a subgroup, turns of its loops guessed: for comparing kernels of the same loops alone. */
  cycles: number;
}

/** What drivers say of a kernel. */
export const FIGURES = [
  'registers',
  'spilled',
  'scratch',
  'shared',
  'waves',
  'instructions',
  'cycles',
] as const;

/** What a driver calls them in VK_KHR_pipeline_executable_properties. */
export type StatisticNames = Partial<Record<(typeof FIGURES)[number], string>>;

const STARTS = '@@ ';
const TOOK = '@ms ';

/** Lines that stand around what is printed of a kernel by layer.c. */
export const announced = (kernel: string, subject: string) =>
  `${STARTS}${JSON.stringify({ kernel, subject })}\n`;
export const took = (ms: number) => `${TOOK}${ms.toFixed(1)}\n`;

/** The kernels in what was printed while they were compiled, each once; what Dawn itself had compiled is left out. */
export function compiledKernels(printed: string, names: StatisticNames): CompiledKernel[] {
  const found = new Map<string, CompiledKernel>();
  for (const part of printed.split(STARTS).slice(1)) {
    const [head] = part.split('\n', 1);
    const { kernel, subject } = JSON.parse(head) as Pick<CompiledKernel, 'kernel' | 'subject'>;
    const number = (name: string) => Number(part.match(new RegExp(`^${name}:? ?(\\d[\\d.]*)$`, 'm'))?.[1]);
    const figures = Object.entries(names).map(([key, name]) => [key, number(name)] as const);
    const row = {
      ...{ kernel, subject, ms: number(TOOK.trim()), lanes: number('@executable') },
      ...Object.fromEntries(figures),
    } as CompiledKernel;
    // A kernel that an earlier subject had too is not compiled again, and nothing is printed of it.
    if (figures.every(([, value]) => Number.isFinite(value))) found.set(`${kernel} ${subject}`, row);
  }
  return [...found.values()];
}
