/** The command line that this process was started with, as a shell takes it. */
export function commandLine(): string {
  return ['fewstep', ...process.argv.slice(2).map(quoted)].join(' ');
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
