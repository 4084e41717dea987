import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { TestProject } from 'vitest/node';

import { silentContext } from '../../src/core/events.js';
import { collect } from '../../src/index.js';
import { preprocess } from '../../src/stages/preprocess/preprocess.js';
import { obtainRuntime } from '../../src/tensorflow/runtime/obtain.js';
import { preprocessFields } from '../../src/stages/preprocess/preprocess-options.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A data folder with MNIST, collected and preprocessed; tests read it and leave it as it is. */
    dataDir: string;
    /** An empty folder for what tests of several files need and make when the first asks for it (shared.ts). */
    sharedDir: string;
  }
}

/** Once before all tests: the TensorFlow runtime (installed like a user's, if it is not there) and MNIST. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const context = silentContext();
  await obtainRuntime({ device: 'auto', folder: undefined, environment: process.env }, context);
  const dataDir = await mkdtemp(join(tmpdir(), 'mnist-train-test-data-'));
  await collect({ dataset: 'mnist', dataDir }, context);
  await preprocess(preprocessFields.parse({ dataDir }), context);
  project.provide('dataDir', dataDir);
  const sharedDir = await mkdtemp(join(tmpdir(), 'mnist-train-test-shared-'));
  project.provide('sharedDir', sharedDir);
  return async () => {
    for (const folder of [dataDir, sharedDir]) await rm(folder, { recursive: true, force: true });
  };
}
