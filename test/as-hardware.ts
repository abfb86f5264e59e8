import { Gpu } from '../src/gpu/gpu.js';
import { gpu } from './device.js';

/** This file's device as if it were hardware, where the lanes of a subgroup share a trajectory of many numbers. */
export const asHardware = new Gpu(gpu.device, { ...gpu.adapter, software: false, vendor: 'amd' });

/** The same with fewer registers a lane, so that more lanes share one. */
export const asIntel = new Gpu(gpu.device, { ...gpu.adapter, software: false, vendor: 'intel' });

/** Whether it has what they need for that. */
export const hasTeams = gpu.features.has('subgroups');

/** Dimensions whose vec4 are shared out by two, four and eight lanes, evenly and not. */
export const TEAM_DIMS = [21, 38, 70, 128];
