/** |theirs - ours| / |ours|, over all numbers. */
export function relativeDifference(theirs: ArrayLike<number>, ours: ArrayLike<number>): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < ours.length; i++) {
    difference += (theirs[i] - ours[i]) ** 2;
    size += ours[i] ** 2;
  }
  return Math.sqrt(difference / size);
}
