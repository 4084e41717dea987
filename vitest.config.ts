import { fileURLToPath } from 'node:url';

import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { defineConfig, type UserWorkspaceConfig } from 'vitest/config';

/**
 * Long files first, so that no core is idle in the end; and first of all those that have processes of their own: between them, the
 * processes that take many files would be ended and started anew.
 */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const inOrder = [
      (file: TestSpecification) => file.project.config.isolate,
      ...LONG.map((part) => (file: TestSpecification) => file.moduleId.includes(part)),
      () => true,
    ];
    return [...new Set(inOrder.flatMap((isNext) => sorted.filter(isNext)))];
  }
}

/** What waits for the network, runs the real command or a browser, or starts other programs. */
const LONG = [
  ...['test/e2e/package', 'test/e2e/', 'test/page/'],
  ...[
    '/core-suite.',
    '/tamper.',
    '/api-docs.',
    '/signals.',
    'test/serving/',
    'test/stages/',
    'test/deployment/',
  ],
];

/**
 * These start TensorFlow with settings of their own, look at how it starts, or load plug-ins, which stay registered: each has a
 * process of its own.
 */
const APART = [
  'test/contracts/option-effects.test.ts',
  'test/core/plugins/*.test.ts',
  'test/engine/backends/*.test.ts',
  'test/models/*-sharded.test.ts',
  'test/stages/plugins.test.ts',
  'test/stages/train/transfer.test.ts',
  'test/stages/train/workers/train-workers.test.ts',
  'test/tensorflow/use.test.ts',
];

/** What holds for both kinds of files. */
const COMMON = {
  // Plug-ins that a test writes somewhere else import the package by its name.
  resolve: { alias: { 'mnist-train/plugins': fileURLToPath(new URL('src/plugins.ts', import.meta.url)) } },
} satisfies UserWorkspaceConfig;

const COMMON_TEST = {
  // TensorFlow cannot be loaded twice in a process, nor from a second thread (tfjs#8388).
  pool: 'forks',
  // With half of it for what is young, collecting it took a fifth of the time.
  execArgv: ['--max-semi-space-size=32'],
  testTimeout: 60_000,
  // Pages answer late beside two other workers on two cores.
  expect: { poll: { timeout: 20_000 } },
  hookTimeout: 300_000,
} satisfies UserWorkspaceConfig['test'];

export default defineConfig({
  ...COMMON,
  test: {
    // Here alone: a project that inherited it would run it again for itself.
    globalSetup: ['test/support/global-setup.ts'],
    sequence: { sequencer: LongestFirst },
    // One more than the cores of a small machine: some tests wait for the network or for a deadline.
    maxWorkers: 3,
    projects: [
      {
        ...COMMON,
        // One process after the other takes many files: modules are loaded and TensorFlow is started once for all of them.
        test: {
          ...COMMON_TEST,
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: APART,
          isolate: false,
        },
      },
      { ...COMMON, test: { ...COMMON_TEST, name: 'own process', include: APART } },
    ],
  },
});
