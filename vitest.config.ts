import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [
    // Shaders are imported as text, as esbuild's loader does for the bundles.
    {
      name: 'wgsl',
      transform: (code, id) => (id.endsWith('.wgsl') ? `export default ${JSON.stringify(code)}` : undefined),
    },
  ],
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/seed.ts'],
    // A process for each file: Dawn lives as long as its process, and a file opens one device (test/device.ts).
    pool: 'forks',
    // Compiling takes one thread: on two cores all tests took 293 s by two processes, about six minutes by one.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // A large kernel takes about 2 s to compile on a software adapter, more on a busy machine.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
