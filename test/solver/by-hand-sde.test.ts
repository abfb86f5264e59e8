import { expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { SOLVER_STREAM } from '../../src/rng/streams.js';
import { normals } from '../../src/rng/threefry.js';
import { parseSolver, sdeSolvers } from '../../src/solver/registry.js';
import { hostField } from '../field/fixtures.js';
import { freshSeed } from '../seed.js';
import { D, LATENTS, UNEVEN } from './by-hand-fixtures.js';
import { type ByHandSde, ddim, dpmpp2mSde, edm, eulerMaruyama, reverseDiffusion } from './by-hand-sde.js';

const seed = freshSeed();
const EDM = { churn: 40, sMin: 0.05, sMax: 50, sNoise: 1.003 };

/** Every sampler of the SDE, and every choice that it offers, with what its paper says. UNEVEN has seven steps. */
const TABLE: [solver: string, byHand: ByHandSde][] = [
  ['euler-maruyama', eulerMaruyama('ve')],
  ['euler-maruyama:process=ve-geometric', eulerMaruyama('ve-geometric')],
  ['euler-maruyama:process=vp-linear', eulerMaruyama('vp-linear')],
  ['euler-maruyama:process=sub-vp', eulerMaruyama('sub-vp')],
  ['euler-maruyama:process=flow', eulerMaruyama('flow')],
  ['reverse-diffusion', reverseDiffusion('ve')],
  ['reverse-diffusion:process=ve-geometric', reverseDiffusion('ve-geometric')],
  ['reverse-diffusion:process=vp-linear', reverseDiffusion('vp-linear')],
  ['predictor-corrector', reverseDiffusion('ve', 1, 0.16)],
  ['predictor-corrector:snr=0.3', reverseDiffusion('ve', 1, 0.3)],
  ['predictor-corrector:corrections=3', reverseDiffusion('ve', 3, 0.16)],
  ['predictor-corrector:process=vp-linear,corrections=2,snr=0.1', reverseDiffusion('vp-linear', 2, 0.1)],
  ['ancestral', ddim(1)],
  ['ancestral:eta=0.5', ddim(0.5)],
  ['ancestral:eta=0', ddim(0)],
  // 40 / 7 is above the cap of sqrt(2) - 1, as EDM's own settings are with few steps.
  ['stochastic-heun', edm(EDM)],
  ['stochastic-heun:churn=1.4', edm({ ...EDM, churn: 1.4 })],
  ['stochastic-heun:s_noise=1.3', edm({ ...EDM, sNoise: 1.3 })],
  ['stochastic-heun:s_noise=0', edm({ ...EDM, sNoise: 0 })],
  // Both ends belong to it.
  ['stochastic-heun:s_min=1.6,s_max=17', edm({ ...EDM, sMin: 1.6, sMax: 17 })],
  ['stochastic-heun:s_min=1,s_max=100,s_noise=0.8', edm({ ...EDM, sMin: 1, sMax: 100, sNoise: 0.8 })],
  ['stochastic-heun:s_min=0,s_max=2,churn=2', edm({ ...EDM, churn: 2, sMin: 0, sMax: 2 })],
  ['dpmpp-2m-sde', dpmpp2mSde('midpoint', 1, 1)],
  ['dpmpp-2m-sde:eta=0.5', dpmpp2mSde('midpoint', 0.5, 1)],
  ['dpmpp-2m-sde:s_noise=1.3', dpmpp2mSde('midpoint', 1, 1.3)],
  ['dpmpp-2m-sde:variant=heun', dpmpp2mSde('heun', 1, 1)],
  ['dpmpp-2m-sde:variant=heun,eta=0.5,s_noise=0.7', dpmpp2mSde('heun', 0.5, 0.7)],
  ['dpmpp-2m-sde:variant=heun,eta=0', dpmpp2mSde('heun', 0, 1)],
];

const field = hostField(1, (x, sigma, out) => {
  out[0] = D(x[0], sigma);
});

test.each(TABLE)('%s is what its paper says, draw for draw', (text, byHand) => {
  const { solver, options } = parseSolver(text);
  const plan = solver.plan(UNEVEN, { options });
  const { samples } = solveReference(field, plan, { latents: LATENTS, seed });
  for (const [row, x] of LATENTS.entries()) {
    let draw = 0;
    const z = () => normals(seed, row, draw++, SOLVER_STREAM, 1)[0];
    expect(samples[row]).toBeCloseTo(byHand({ times: UNEVEN, D, x, z }), 9);
  }
});

test('every sampler of the SDE is in the table', () => {
  const named = TABLE.map(([text]) => parseSolver(text).solver);
  expect(new Set(named)).toEqual(new Set(sdeSolvers));
});
