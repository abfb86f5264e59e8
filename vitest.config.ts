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
    // lavapipe's LLVM does not optimise what tests run once: a file of 48 large kernels took 127 s in place of 248 with
    // an empty cache, other work running (Mesa 25.0.7). Set GALLIVM_PERF to nothing to test what users run.
    env: { GALLIVM_PERF: process.env.GALLIVM_PERF ?? 'nopt' },
    // Compiling takes one thread: on two cores all tests took 293 s by two processes, about six minutes by one.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // A large kernel takes about 2 s to compile on a software adapter, more on a busy machine.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
