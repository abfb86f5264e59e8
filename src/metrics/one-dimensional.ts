/**
 * The squared 2-Wasserstein distance of two empirical distributions on the line, exact for any two counts:
 * the integral of the squared difference of their quantile functions.
 *
 * @param a, b in increasing order
 */
export function squaredWasserstein1d(a: Float64Array, b: Float64Array): number {
  const [n, m] = [a.length, b.length];
  let sum = 0;
  // Probability in units of 1 / (n m), so that the steps of both quantile functions are whole numbers.
  for (let i = 0, j = 0, at = 0; i < n && j < m; ) {
    const endOfA = (i + 1) * m;
    const endOfB = (j + 1) * n;
    const next = Math.min(endOfA, endOfB);
    sum += (next - at) * (a[i] - b[j]) ** 2;
    at = next;
    if (endOfA === next) i++;
    if (endOfB === next) j++;
  }
  return sum / (n * m);
}

/**
 * The energy distance of two empirical distributions on the line: twice the integral of the squared
 * difference of their distribution functions (Szekely, 2002).
 *
 * @param a, b in increasing order
 */
export function energyDistance1d(a: Float64Array, b: Float64Array): number {
  const [n, m] = [a.length, b.length];
  let sum = 0;
  let at = Math.min(a[0], b[0]);
  for (let i = 0, j = 0; i < n || j < m; ) {
    const next = j === m || (i < n && a[i] <= b[j]) ? a[i] : b[j];
    sum += (next - at) * (i / n - j / m) ** 2;
    at = next;
    while (i < n && a[i] === next) i++;
    while (j < m && b[j] === next) j++;
  }
  return 2 * sum;
}
