#!/usr/bin/env node
import { run } from './run.js';

// A reader that has seen enough, as `head` does, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const status = await run(process.argv.slice(2));
// Dawn's threads keep Node alive, and piped output is not yet out: leave when it is.
process.stdout.write('', () => process.exit(status));
