import type { WriteStream } from 'node:tty';
import { Presets, SingleBar } from 'cli-progress';

/** How far a command is; `stop` leaves the terminal as it was. */
export interface Progress {
  /** @param note how it goes, such as a loss */
  update(done: number, note?: string): void;
  stop(): void;
}

const LINE_EVERY_MS = 2000;

/**
 * Shows how far a command is and how long it will take: a bar on a terminal, a plain line now and then elsewhere.
 *
 * @param total how many there are in all
 * @param unit what is counted: 'trajectories'
 * @param stream stderr, because stdout is for results
 * @param from how many were done before, from which nothing follows for the time left
 */
export function showProgress(
  total: number,
  unit: string,
  stream: NodeJS.WritableStream = process.stderr,
  from = 0,
): Progress {
  return (stream as WriteStream).isTTY ? bar(total, unit, stream, from) : lines(total, unit, stream, from);
}

function bar(total: number, unit: string, stream: NodeJS.WritableStream, from: number): Progress {
  const format = `{bar} {percentage} %, {value} of {total} ${unit}, {eta_formatted} left{note}`;
  // Ctrl-C has an owner already: untilInterrupted.
  const settings = { stream, format, hideCursor: true, clearOnComplete: true, gracefulExit: false };
  const single = new SingleBar(settings, Presets.shades_classic);
  single.start(total, from, { note: '' });
  return { update: (done, note) => single.update(done, { note: noted(note) }), stop: () => single.stop() };
}

function lines(total: number, unit: string, stream: NodeJS.WritableStream, from: number): Progress {
  const begin = Date.now();
  let next = begin + LINE_EVERY_MS;
  return {
    update(done, note) {
      const now = Date.now();
      if (now < next || done <= from || done === total) return;
      next = now + LINE_EVERY_MS;
      const left = Math.ceil(((now - begin) * (total - done)) / (done - from) / 1000);
      stream.write(`${done} of ${total} ${unit}, ${left} s left${noted(note)}\n`);
    },
    stop() {},
  };
}

function noted(note?: string): string {
  return note === undefined ? '' : `, ${note}`;
}
