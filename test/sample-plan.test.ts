import { expect, test } from 'vitest';
import { runOf, type StudentRequest } from '../src/sample-plan.js';
import { planFor } from '../src/solver/plan-for.js';
import { randomTable } from './predictor/file-fixtures.js';
import { expectRefused, type Refusal } from './refusal.js';

const predictor = randomTable('amed', true, [3, 5], 1);
const plan = planFor({ solver: 'euler', nfe: 3 });
const asked = (request: StudentRequest) => () => runOf(request);

test.each<Refusal>([
  ['nothing', asked({}), 'bad-argument', /has no solver/, /a solver and an NFE, a predictor, or a plan/],
  ['a solver alone', asked({ solver: 'euler' }), 'bad-argument', /has no NFE/, /a solver and an NFE/],
  [
    'both',
    asked({ predictor, nfe: 3, solver: 'amed' }),
    'bad-argument',
    /a predictor, and the solver besides/,
    /leave it out/,
  ],
  [
    'a range with a predictor',
    asked({ predictor, nfe: 3, range: { sigmaMax: 10 } }),
    'bad-argument',
    /and the range besides/,
    /leave it out/,
  ],
  [
    'a plan and an NFE',
    asked({ plan, nfe: 3 }),
    'bad-argument',
    /has a plan, and the nfe besides/,
    /a plan is complete/,
  ],
  ['no NFE of several', asked({ predictor }), 'bad-argument', /learned for NFE 3, 5/, /give one of them/],
  ['another NFE', asked({ predictor, nfe: 7 }), 'unreachable-nfe', /learned nothing for NFE 7/, /3, 5/],
])('a request for %s is refused', async (...refusal) => {
  await expectRefused(refusal);
});

test('a plan is what is run', () => {
  expect(runOf({ plan })).toEqual({ plan });
});
