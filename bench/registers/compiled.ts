/** What a kernel became on a GPU that its driver compiled it for. */
export interface CompiledKernel {
  kernel: string;
  subject: string;
  /** Dawn and the driver, milliseconds. */
  ms: number;
  /** Vector registers of a lane, of 256. */
  registers: number;
  /** Registers of a wave that went to memory, and what that takes of it, bytes. */
  spilled: number;
  scratch: number;
  /** Workgroup memory, bytes. */
  shared: number;
  /** Waves that find room on one of a compute unit's processors, of at most 16 or 32. */
  waves: number;
  instructions: number;
}

const STARTS = '@@ ';
const TOOK = '@ms ';

/** Lines that stand around what RADV prints of a kernel. */
export const announced = (kernel: string, subject: string) =>
  `${STARTS}${JSON.stringify({ kernel, subject })}\n`;
export const took = (ms: number) => `${TOOK}${ms.toFixed(1)}\n`;

/** Names in what RADV (Mesa 25) prints with RADV_DEBUG=shaderstats. */
const FIELDS = {
  registers: 'VGPRs',
  spilled: 'Spilled VGPRs',
  scratch: 'Scratch size',
  shared: 'LDS size',
  waves: 'Subgroups per SIMD',
  instructions: 'Instructions',
} as const satisfies Partial<Record<keyof CompiledKernel, string>>;

/** The kernels in what was printed while they were compiled, each once; what Dawn itself had compiled is left out. */
export function compiledKernels(printed: string): CompiledKernel[] {
  const found = new Map<string, CompiledKernel>();
  for (const part of printed.split(STARTS).slice(1)) {
    const [head] = part.split('\n', 1);
    const { kernel, subject } = JSON.parse(head) as Pick<CompiledKernel, 'kernel' | 'subject'>;
    const number = (name: string) => Number(part.match(new RegExp(`^${name}:? ?(\\d[\\d.]*)$`, 'm'))?.[1]);
    const [ms, ...figures] = [TOOK.trim(), ...Object.values(FIELDS)].map(number);
    const values = Object.keys(FIELDS).map((key, i) => [key, figures[i]]);
    const row = { kernel, subject, ms, ...Object.fromEntries(values) } as CompiledKernel;
    // A kernel that an earlier subject had too is not compiled again, and nothing is printed of it.
    if (figures.every(Number.isFinite)) found.set(`${kernel} ${subject}`, row);
  }
  return [...found.values()];
}
