/**
 * How often to do something so that all of it lasts about `ms` milliseconds, found by doing it more and more often.
 * The first time, which compiles, does not count.
 * @param time does it so many times and says how many milliseconds that took
 * @param most the greatest count to answer
 */
export async function countLasting(
  ms: number,
  time: (count: number) => Promise<number>,
  most = Number.POSITIVE_INFINITY,
): Promise<number> {
  await time(1);
  for (let count = 1; ; ) {
    const took = await time(count);
    const wanted = Math.max(1, Math.round((count * ms) / took));
    // Short ones are mostly the cost of a submit, which tells little of what more of them take.
    if (wanted <= 2 * count || count >= most) return Math.min(wanted, most);
    count = Math.min(wanted, 8 * count, most);
  }
}
