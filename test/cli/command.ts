import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { run } from '../../src/cli/run.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Bundles the command line, unless it is up to date. */
export function build(): void {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/setup.mjs'), '--build']);
  if (status !== 0) throw new Error(`cannot build: ${stderr}`);
}

export interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  outcome: Promise<Outcome>;
}

/** Those of a test that failed would go on for minutes. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts the built command line as a user does. */
export function start(args: readonly string[], options: { cwd?: string } = {}): Running {
  const child = spawn(process.execPath, [join(root, 'dist/cli.js'), ...args], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.on('close', () => running.delete(child));
  const status = new Promise<number | null>((resolve) => child.on('close', resolve));
  const streams = Promise.all([text(child.stdout!), text(child.stderr!)]);
  const outcome = Promise.all([status, streams]).then(([code, [stdout, stderr]]) => ({
    status: code,
    stdout,
    stderr,
  }));
  return { child, outcome };
}

/** Until stderr matches, or an error where the command ends before. */
export function said({ child, outcome }: Running, what: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let heard = '';
    child.stderr!.on('data', (chunk) => {
      heard += chunk;
      if (what.test(heard)) resolve();
    });
    outcome.then(({ stderr }) => reject(new Error(`it ended: ${stderr}`)));
  });
}

/** Runs the built command line to its end. */
export function fewstep(args: readonly string[], options: { cwd?: string } = {}): Promise<Outcome> {
  return start(args, options).outcome;
}

/** Runs the same command in this process, which is much quicker. Not for two at a time. */
export async function inProcess(args: readonly string[]): Promise<Outcome> {
  const [stdout, stderr] = [capture(process.stdout), capture(process.stderr)];
  try {
    const status = await run(args);
    return { status, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    stdout.restore();
    stderr.restore();
  }
}

function capture(stream: NodeJS.WriteStream) {
  const written: string[] = [];
  const spy = vi.spyOn(stream, 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0);
  return { text: () => written.join(''), restore: () => spy.mockRestore() };
}

/** Options as arguments: { nfe: 5, afs: true } is --nfe 5 --afs; undefined leaves one out. */
export function flags(options: Record<string, string | number | true | undefined>): string[] {
  return Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : value === true ? [`--${name}`] : [`--${name}`, String(value)],
  );
}
