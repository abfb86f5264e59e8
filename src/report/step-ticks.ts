/** The ends, and 1, 2 and 5 times the powers of ten that stand clear of them. */
export function stepTicks(first: number, last: number): number[] {
  const inner: number[] = [];
  for (let power = 1; power < last; power *= 10) {
    for (const step of last / first > 30 ? [1, 3] : [1, 2, 5]) inner.push(step * power);
  }
  return [first, ...inner.filter((step) => step > 1.4 * first && step < last / 1.4), last];
}
