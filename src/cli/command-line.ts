/**
 * The command line that this process was started with, as a shell takes it.
 * @param without a flag that says nothing of what is run
 */
export function commandLine(without?: string): string {
  const args = process.argv.slice(2).filter((arg) => arg !== without);
  return ['fewstep', ...args.map(quoted)].join(' ');
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
