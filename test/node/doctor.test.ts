import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { DoctorReport } from '../../src/node/doctor.js';

const cli = join(import.meta.dirname, '../../dist/cli.js');
const scratch = mkdtempSync(join(tmpdir(), 'fewstep-test-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function doctor(
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [cli, 'doctor', ...args],
      { env: { ...process.env, ...env } },
      (_, stdout, stderr) => resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

describe('fewstep doctor', () => {
  it('--json tells of every kind, and proves those that work', async () => {
    const { status, stdout } = await doctor(['--json', '--device', 'auto']);
    const report = JSON.parse(stdout) as DoctorReport;
    expect(report.adapters.map(({ kind }) => kind)).toEqual(['hardware', 'lavapipe', 'swiftshader']);
    for (const found of report.adapters) {
      if (found.works) {
        expect(found.proof).toMatchObject({ correct: true, count: 4096 });
        expect(found.adapter).toMatchObject({
          kind: found.kind,
          name: expect.any(String),
          driver: expect.any(String),
        });
        expect(found.limits!.maxBufferSize).toBeGreaterThan(0);
      } else {
        expect(found.problem).toBeTruthy();
        expect(found.advice!.length).toBeGreaterThan(0);
      }
    }
    const best = report.adapters.find(({ works }) => works);
    expect(report.chosen).toBe(best?.kind ?? null);
    expect(report.works).toBe(best !== undefined);
    expect(status).toBe(report.works ? 0 : 2);
    expect(report.system.node).toBe(process.versions.node);
  });

  it('ends with 2 and advice where the chosen kind has no driver', async () => {
    const { status, stdout } = await doctor(['--device', 'lavapipe'], {
      VK_DRIVER_FILES: join(scratch, 'none.json'),
    });
    expect(status).toBe(2);
    expect(stdout).toContain("Nothing works for 'lavapipe'");
    expect(stdout).toMatch(/to get it: lavapipe: .*(apt install|hardware)/);
  });

  it('refuses a choice that does not exist', async () => {
    const { status, stderr } = await doctor(['--device', 'gpu']);
    expect(status).not.toBe(0);
    expect(stderr).toContain('Allowed choices are auto, hardware');
  });
});
