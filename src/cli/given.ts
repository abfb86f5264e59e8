/** The entries that are not undefined: what a command line really says. */
export function given<Entries extends object>(entries: Entries): Partial<Entries> {
  return Object.fromEntries(
    Object.entries(entries).filter(([, value]) => value !== undefined),
  ) as Partial<Entries>;
}
