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
    // A process for each file: Dawn lives as long as its process, and a file opens one device (test/device.ts).
    pool: 'forks',
    // A large kernel takes about 2 s to compile on a software adapter, more on a busy machine.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
