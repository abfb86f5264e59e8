import { expect, test } from 'vitest';
import { announced, compiledKernels, took } from '../../bench/registers/compiled.js';
import { DRIVERS } from '../../bench/registers/drivers.js';

/** As bench/registers/layer.c prints what RADV of Mesa 25.0.7 says. */
const statistics = (registers: number, spilled: number) => `
@executable 64
Driver pipeline hash: 10489801313407234464
SGPRs: 128
VGPRs: ${registers}
Spilled SGPRs: 0
Spilled VGPRs: ${spilled}
Code size: 76
LDS size: 512
Scratch size: ${256 * spilled}
Subgroups per SIMD: 32
Hash: 1416326925
Instructions: 14
Pre-Sched VGPRs: 2
Latency: 5122
`;

test('what a driver says is told by kernel and subject', () => {
  const { statistics: names } = DRIVERS.radeon;
  const printed = [
    'ac_compute_device_uuid: whatever',
    statistics(12, 0), // Dawn's own
    announced('field/mixture', 'D, 64-D'),
    statistics(84, 0),
    took(31.25),
    announced('fused/mixture', 'a plan'),
    statistics(256, 18),
    took(64),
    // From a cache.
    announced('fused/mixture', 'the same plan'),
    took(0.1),
  ].join('\n');
  expect(compiledKernels(printed, names)).toEqual([
    {
      ...{ kernel: 'field/mixture', subject: 'D, 64-D', ms: 31.3, lanes: 64, registers: 84, spilled: 0 },
      ...{ scratch: 0, shared: 512, waves: 32, instructions: 14, cycles: 5122 },
    },
    {
      ...{ kernel: 'fused/mixture', subject: 'a plan', ms: 64, lanes: 64, registers: 256, spilled: 18 },
      ...{ scratch: 4608, shared: 512, waves: 32, instructions: 14, cycles: 5122 },
    },
  ]);
  expect(compiledKernels('nothing', names)).toEqual([]);
});

test('what a driver says nothing of is left out', () => {
  const printed = `${announced('field/mixture', 'D, 64-D')}@executable 32
Instruction count: 858
Static cycle count: 9002
Max warps/SM: 20
Spills to memory: 0
Fills from memory: 0
Number of GPRs: 96
SLM size: 0
${took(12)}`;
  expect(compiledKernels(printed, DRIVERS.nouveau.statistics)).toEqual([
    {
      ...{ kernel: 'field/mixture', subject: 'D, 64-D', ms: 12, lanes: 32 },
      ...{ registers: 96, spilled: 0, scratch: 0, waves: 20, instructions: 858, cycles: 9002 },
    },
  ]);
});
