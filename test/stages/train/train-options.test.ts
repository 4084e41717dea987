import { expect, it } from 'vitest';

import { allFields } from '../../../src/core/config/resolve.js';
import { resumeCommand, trainSpace, trustedSettings } from '../../../src/stages/train/train-options.js';

it('a checkpoint or a search of others names no library, no folder and no other run', () => {
  const known = [...allFields(trainSpace).keys()];
  const stranger = Object.fromEntries(known.map((key) => [key, `/theirs/${key}`]));
  const taken = trustedSettings(stranger);
  const left = known.filter((key) => !(key in taken));
  expect(left.sort()).toEqual(
    ['checkpointsDir', 'dataDir', 'reproduce', 'resume', 'run', 'runtime', 'stopAfter'].sort(),
  );
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
