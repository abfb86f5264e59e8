import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

/** How a part ended. */
export interface PartOutcome {
  name: string;
  seconds: number;
  /** What went wrong; undefined where nothing did. */
  problem?: string;
}

export interface PartOptions {
  /** The file that gets all it prints. */
  log: string;
  /** After which it is ended. */
  seconds: number;
  env: NodeJS.ProcessEnv;
  cwd: string;
}

/** Runs a command to its end, prints what it prints, and never throws: the parts behind it are still to run. */
export async function runPart(
  name: string,
  [program, ...args]: readonly string[],
  { log, seconds, env, cwd }: PartOptions,
): Promise<PartOutcome> {
  console.log(`\n== ${name}`);
  const begin = performance.now();
  const file = createWriteStream(log);
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL'); // one that hangs in a driver does not hear anything else
  }, 1000 * seconds);
  for (const [stream, terminal] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    stream.on('data', (chunk) => {
      terminal.write(chunk);
      file.write(chunk);
    });
  }
  const problem = await new Promise<string | undefined>((resolve) => {
    child.on('error', (error) => resolve(`failed to start: ${error.message}`));
    child.on('close', (status, signal) => {
      if (late) resolve(`ended after ${seconds} s`);
      else if (status !== 0) resolve(`failed with ${signal ?? `status ${status}`}`);
      else resolve(undefined);
    });
  });
  clearTimeout(timer);
  file.end();
  await finished(file);
  return { name, seconds: (performance.now() - begin) / 1000, ...(problem !== undefined && { problem }) };
}
