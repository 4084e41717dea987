import { join } from 'node:path';

import { readFile } from 'node:fs/promises';

import { fill } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';

import { RunFolder } from '../../src/artifacts/run.js';
import { emptyEpoch, type EpochRecord } from '../../src/training/progress.js';
import { RunWriter, type RunDescription } from '../../src/training/run-writer.js';
import { TrainingVariables } from '../../src/models/variables.js';
import { startOnCpu } from '../support/backends.js';
import { temporaryFolder } from '../support/folders.js';
import { smallNet } from '../support/small-model.js';

beforeAll(() => startOnCpu('cpu'));

it('weights that are no numbers are not written: the checkpoint from before stays', async () => {
  const folder = new RunFolder(join(await temporaryFolder(), 'spoilt'));
  const variables = new TrainingVariables(smallNet(4, [3], 2), [], 1);
  const writer = new RunWriter(folder, { machine: {} } as RunDescription, variables, 5, () => undefined);
  const record = { epoch: 1, validation: null } as EpochRecord;
  await writer.epoch({ history: [record], partial: emptyEpoch }, record);
  const before = await readFile(folder.last);
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
  expect(await readFile(folder.best)).toBeDefined();
  variables.dispose();
});
