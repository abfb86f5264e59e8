import { expect, test } from 'vitest';
import { type Team, teamFor } from '../../src/field/team.js';
import type { Gpu } from '../../src/gpu/gpu.js';

/** What a team depends on of a device. */
const device = (vendor: string, { subgroups = 8, software = false } = {}) =>
  ({
    adapter: { vendor, software },
    features: new Set(subgroups > 1 ? ['subgroups'] : []),
    device: { adapterInfo: { subgroupMinSize: subgroups } },
  }) as unknown as Gpu;

test.each<[string, number, Team]>([
  ['amd', 16, 1],
  ['amd', 17, 2],
  ['amd', 64, 4],
  ['nvidia', 128, 8],
  ['intel', 16, 1],
  ['intel', 17, 4],
  ['intel', 32, 4],
  ['intel', 64, 8],
  ['intel', 128, 8],
  ['of which nothing is known', 64, 8],
])('on hardware of %s a trajectory of %i numbers has %i lanes', (vendor, dim, lanes) => {
  expect(teamFor(device(vendor), dim)).toBe(lanes);
});

test('a team has no more lanes than any subgroup, and one on software', () => {
  expect(teamFor(device('intel', { subgroups: 4 }), 64)).toBe(4);
  expect(teamFor(device('amd', { subgroups: 1 }), 64)).toBe(1);
  expect(teamFor(device('amd', { software: true }), 64)).toBe(1);
});
