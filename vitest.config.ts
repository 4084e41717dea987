import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { defineConfig } from 'vitest/config';

/** What waits for the network or runs the real command takes longest: begun first, it leaves no core idle in the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const early = ['test/e2e/package', 'test/e2e/', 'test/page/'];
    const rest = sorted.filter(({ moduleId }) => !early.some((part) => moduleId.includes(part)));
    const begun = early.flatMap((part) => sorted.filter(({ moduleId }) => moduleId.includes(part)));
    return [...new Set([...begun, ...rest])];
  }
}

export default defineConfig({
  // Plug-ins that a test writes somewhere else import the package by its name.
  resolve: { alias: { 'mnist-train/plugins': new URL('src/plugins.ts', import.meta.url).pathname } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    sequence: { sequencer: LongestFirst },
    // TensorFlow cannot be loaded twice in a process, nor from a second thread (tfjs#8388): a process a file.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 300_000,
  },
});
