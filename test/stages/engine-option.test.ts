import { join } from 'node:path';

import { expect, inject, it, onTestFinished, vi } from 'vitest';

import { CompiledInference } from '../../src/engine/running/compiled-inference.js';
import { calibrate, deploy, evaluate, predict } from '../../src/index.js';
import { temporaryFolder } from '../support/folders.js';
import { pngOf } from '../support/pictures.js';
import { preparedMnist, writeMnistCheckpoint } from '../support/serving.js';

interface Common {
  dataDir: string;
  threads: number;
  engine: 'auto' | 'eager';
}

const stages: [string, (checkpoint: string, options: Common) => Promise<unknown>][] = [
  ['evaluate', evaluate],
  ['calibrate', calibrate],
  [
    'deploy',
    (checkpoint, options) =>
      deploy(checkpoint, { ...options, registryDir: join(checkpoint, '..', 'models') }),
  ],
  [
    'predict',
    async (checkpoint, { threads, engine }) => {
      const { test: images } = await preparedMnist();
      const read = (): Promise<Buffer> => pngOf(images.pixels.subarray(0, 784));
      return predict(checkpoint, [{ name: 'digit.png', read }], { threads, engine });
    },
  ],
];

it.each(stages)('%s computes with the engine that it is told', async (_, run) => {
  const checkpoint = await writeMnistCheckpoint(await temporaryFolder(), 'untrained', 3);
  // Compiled passes are counted, and take place all the same.
  const compiled = vi.spyOn(CompiledInference.prototype, 'run');
  onTestFinished(() => {
    compiled.mockRestore();
  });
  const common = { dataDir: inject('smallDataDir'), threads: 1 };
  await run(checkpoint, { ...common, engine: 'eager' });
  expect(compiled).not.toHaveBeenCalled();
  await run(checkpoint, { ...common, engine: 'auto' });
  expect(compiled).toHaveBeenCalled();
});
