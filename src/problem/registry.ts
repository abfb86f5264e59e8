import { unknownName } from '../errors.js';
import { checkerboard } from './checkerboard.js';
import { glyphs } from './glyphs.js';
import { mixture64 } from './mixture-64.js';
import { pinwheel } from './pinwheel.js';
import type { Problem } from './problem.js';
import { ring } from './ring.js';
import { swissRoll } from './swiss-roll.js';
import { twoMoons } from './two-moons.js';

/** The benchmark's problems by name, built when called: always the same values. */
export const problems: Readonly<Record<string, () => Problem>> = {
  ring,
  'two-moons': twoMoons,
  checkerboard,
  'swiss-roll': swissRoll,
  pinwheel,
  'mixture-64': mixture64,
  glyphs,
};

/** @throws FewstepError `unknown-name` that lists the names there are */
export function problemByName(name: string): Problem {
  if (!Object.hasOwn(problems, name)) throw unknownName('problem', name, Object.keys(problems));
  return problems[name]();
}
