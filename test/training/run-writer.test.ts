import { join } from 'node:path';

import { readFile } from 'node:fs/promises';

import { fill } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';

import { readCheckpoint } from '../../src/artifacts/checkpoint.js';
import { RunFolder } from '../../src/artifacts/run.js';
import { loadFloats } from '../../src/artifacts/safetensors.js';
import { emptyEpoch } from '../../src/training/progress.js';
import { RunWriter } from '../../src/training/run-writer.js';
import { TrainingVariables } from '../../src/models/variables.js';
import { startOnCpu } from '../support/backends.js';
import { checkpointDescription } from '../support/checkpoints.js';
import { temporaryFolder } from '../support/folders.js';
import { smallNet } from '../support/small-model.js';

beforeAll(() => startOnCpu('cpu'));

it('weights that are no numbers are not written: the checkpoint from before stays', async () => {
  const folder = new RunFolder(join(await temporaryFolder(), 'spoilt'));
  const { progress, ...description } = checkpointDescription();
  const record = progress.history[0]!;
  const variables = new TrainingVariables(smallNet(4, [3], 2), [], 1);
  const writer = new RunWriter(folder, description, variables, 5, () => undefined);
  await writer.epoch({ history: [record], partial: emptyEpoch }, record);
  const before = await readFile(folder.last);
  const written = [...(await variables.store()).values()].flatMap((tensor) => [...loadFloats(tensor)]).sort();
  expect(written.length).toBeGreaterThan(0);
  const [{ value }] = variables.parameters as [TrainingVariables['parameters'][number]];
  value.assign(fill(value.shape, Infinity));
  const partial = { ...emptyEpoch, batches: 3 };
  await expect(writer.pause({ history: [record], partial })).rejects.toMatchObject({
    code: 'TRAINING_DIVERGED',
    message: 'training diverged: the weights are not finite in epoch 2, batch 3',
  });
  const second = { ...record, epoch: 2 };
  await expect(writer.epoch({ history: [record, second], partial: emptyEpoch }, second)).rejects.toThrow(
    /in epoch 2, batch 5$/,
  );
  expect(await readFile(folder.last)).toEqual(before);
  // Both are intact, with the weights from before the damage.
  for (const path of [folder.last, folder.best]) {
    const { tensors, description: stored } = await readCheckpoint(path);
    expect(stored.progress.history).toEqual([record]);
    expect([...tensors.values()].flatMap((tensor) => [...loadFloats(tensor)]).sort()).toEqual(written);
  }
  variables.dispose();
});
