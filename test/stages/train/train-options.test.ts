import { expect, it } from 'vitest';

import { allFields } from '../../../src/core/config/resolve.js';
import {
  resolveTrainOptions,
  resumeCommand,
  trainSpace,
  trustedSettings,
} from '../../../src/stages/train/train-options.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { writeMnistCheckpoint } from '../../support/serving.js';

it('a checkpoint or a search of others names no library, no folder and no other run', () => {
  const known = [...allFields(trainSpace).keys()];
  const stranger = Object.fromEntries(known.map((key) => [key, `/theirs/${key}`]));
  const taken = trustedSettings(stranger);
  const left = known.filter((key) => !(key in taken));
  expect(left.sort()).toEqual(
    [
      'allowChangedPlugins',
      'checkpointsDir',
      'dataDir',
      'elastic',
      'findLearningRate',
      'folder',
      'mpi',
      'plot',
      'plugin',
      'reproduce',
      'restarts',
      'resume',
      'run',
      'runtime',
      'stopAfter',
      'workers',
    ].sort(),
  );
});

it.each([
  ['run', 'other', 'run is "small" in run "small", but "other" was given'],
  ['initFrom', 'other', 'initFrom is not set in run "small", but "other" was given'],
])('a run that is resumed keeps its name and its start: %s', async (option, value, message) => {
  const checkpointsDir = await temporaryFolder();
  await writeMnistCheckpoint(checkpointsDir, 'small', 3);
  const resumed = { checkpointsDir, resume: 'small' };
  const error = await toolkitError('RESUME_CONFLICT', resolveTrainOptions({ ...resumed, [option]: value }));
  expect(error.message).toBe(message);
  expect((await resolveTrainOptions({ ...resumed, run: 'small' })).values.run).toBe('small');
});

it('what no version knows stays, to be refused', () => {
  expect(trustedSettings({ epochs: 3, runtime: '/theirs', novelty: 1 })).toEqual({ epochs: 3, novelty: 1 });
});

it('the command that continues a run names the folders that were given', () => {
  const usual = { dataDir: 'data', checkpointsDir: 'checkpoints' };
  expect(resumeCommand('train', 'a', usual)).toBe('mnist train --resume a');
  expect(resumeCommand('search', 'a', { dataDir: "my data's", checkpointsDir: '../runs' })).toBe(
    `mnist search --resume a --data-dir 'my data'\\''s' --checkpoints-dir ../runs`,
  );
});

it.each([
  [{ accumulate: 5, batchSize: 4 }, 'a batch of 4 images has no 5 parts'],
  [{ accumulate: 2, private: true }, '--accumulate and --private cannot be combined'],
  [{ accumulate: 2, workers: 2, findLearningRate: true }, '--workers and --find-learning-rate'],
  [{ scaleRate: 'linear', findLearningRate: true }, '--scale-rate and --find-learning-rate'],
  [{ elastic: '2:3', findLearningRate: true }, '--elastic and --find-learning-rate'],
])('options that do not go together are refused: %o', async (options, text) => {
  expect((await toolkitError('USAGE', resolveTrainOptions(options))).message).toContain(text);
});
