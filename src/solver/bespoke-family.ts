import { sigmoid } from '../mlp/activation.js';
import { random } from '../rng/random.js';
import { type BespokeForm, bespokeLayout, bespokePlan, rememberedWeights } from './bespoke.js';
import { type PlanFamily, planFamily } from './plan-family.js';

/** The plans of a bespoke solver as a function of its numbers. */
export function bespokeFamily(form: BespokeForm): PlanFamily {
  return familyOver(form, (numbers) => numbers, [probe(form, 1), probe(form, 2)]);
}

/**
 * The plans of a bespoke solver as a function of what is trained: N logits of the gaps between log times, whose softmax
 * keeps times in order; with a Gaussian start the logit of where log t_0 lies in the range; then c, log a and w as
 * they are.
 */
export function trainedFamily(form: BespokeForm): PlanFamily {
  const probes = [probe(form, 1), probe(form, 2)].map((numbers) => trainedFrom(form, numbers));
  return {
    ...familyOver(form, (trained) => numbersFrom(form, trained), [probes[0], probes[1]]),
    local: {
      family: bespokeFamily(form),
      of: (trained) => numbersFrom(form, trained),
      rows: (trained) => numberRows(form, trained),
    },
  };
}

/** A bespoke solver's numbers for what is trained. */
export function numbersFrom(form: BespokeForm, trained: Float64Array): Float64Array {
  const { steps, c, size } = bespokeLayout(form);
  const { last, span } = logRange(form);
  const free = form.start === 'gaussian' ? 1 : 0;
  const numbers = new Float64Array(size);
  const whole = free ? span * sigmoid(trained[steps]) : span;
  const logits = trained.subarray(0, steps);
  const largest = Math.max(...logits);
  const shares = logits.map((logit) => Math.exp(logit - largest));
  const total = shares.reduce((sum, share) => sum + share, 0);
  numbers[0] = last + whole;
  for (let i = 0; i < steps; i++) numbers[i + 1] = numbers[i] - (whole * shares[i]) / total;
  numbers.set(trained.subarray(steps + free), c);
  return numbers;
}

/** Of each of the numbers, which of what is trained move it, and its derivative to each. */
function numberRows(form: BespokeForm, trained: Float64Array): { at: number; weight: number }[][] {
  const { steps, c, size } = bespokeLayout(form);
  const { span } = logRange(form);
  const numbers = numbersFrom(form, trained);
  const whole = numbers[0] - numbers[steps];
  const shares = Array.from({ length: steps }, (_, j) => (numbers[j] - numbers[j + 1]) / whole);
  const times = Array.from({ length: steps + 1 }, (_, i) => {
    // log t_i is the last, and of the whole what the gaps before it leave.
    const left = (numbers[i] - numbers[steps]) / whole;
    const inner = i > 0 && i < steps;
    const ofGaps = shares.map((share, j) => ({
      at: j,
      weight: whole * share * (1 - left - (j < i ? 1 : 0)),
    }));
    return [
      ...(inner ? ofGaps : []),
      ...(form.start === 'gaussian' ? [{ at: steps, weight: left * whole * (1 - whole / span) }] : []),
    ];
  });
  const free = form.start === 'gaussian' ? 1 : 0;
  const others = Array.from({ length: size - c }, (_, i) => [{ at: steps + free + i, weight: 1 }]);
  return [...times, ...others];
}

/** What is trained, for a bespoke solver's numbers. */
export function trainedFrom(form: BespokeForm, numbers: Float64Array): Float64Array {
  const { steps, c } = bespokeLayout(form);
  const { last, span } = logRange(form);
  const gaps = Float64Array.from({ length: steps }, (_, i) => Math.log(numbers[i] - numbers[i + 1]));
  const share = (numbers[0] - last) / span;
  const start = form.start === 'gaussian' ? [Math.log(share / (1 - share))] : [];
  return Float64Array.from([...gaps, ...start, ...numbers.subarray(c)]);
}

/** How far each of what `trainedFamily` trains may go, relative to the others: times twice as far. */
export function unitsOf(form: BespokeForm): Float64Array {
  const { steps, c, size } = bespokeLayout(form);
  const times = steps + (form.start === 'gaussian' ? 1 : 0);
  return Float64Array.from({ length: times + size - c }, (_, i) => (i < times ? 2 : 1));
}

function logRange({ range }: BespokeForm): { last: number; span: number } {
  return { last: Math.log(range.sigmaMin), span: Math.log(range.sigmaMax / range.sigmaMin) };
}

function familyOver(
  form: BespokeForm,
  numbersOf: (parameters: Float64Array) => Float64Array,
  probes: [Float64Array, Float64Array],
): PlanFamily {
  const weights = rememberedWeights();
  return planFamily((parameters) => bespokePlan(form, numbersOf(parameters), weights), probes);
}

/** Numbers that have nothing in common with those of another stream. */
function probe(form: BespokeForm, stream: number): Float64Array {
  const { steps, c, logA, size } = bespokeLayout(form);
  const { last, span } = logRange(form);
  const source = random(1, stream);
  const numbers = Float64Array.from({ length: size }, () => source.between(-0.2, 0.2));
  const first = form.start === 'gaussian' ? last + span * source.between(0.6, 0.9) : last + span;
  const gaps = Array.from({ length: steps }, () => source.between(0.5, 1.5));
  const total = gaps.reduce((sum, gap) => sum + gap, 0);
  numbers[0] = first;
  for (const [i, gap] of gaps.entries()) numbers[i + 1] = numbers[i] - ((first - last) * gap) / total;
  for (let i = c; i < logA; i++) numbers[i] += 1;
  return numbers;
}
