import { describe, expect, it } from 'vitest';

import { silentContext } from '../../../../src/core/events.js';
import type {
  CheckDefinition,
  CheckInput,
  CheckMode,
} from '../../../../src/data/preparation/checks/check.js';
import { constantImagesCheck } from '../../../../src/data/preparation/checks/constant-images.js';
import { duplicatesCheck } from '../../../../src/data/preparation/checks/duplicates.js';
import { labelsCheck } from '../../../../src/data/preparation/checks/labels.js';
import { greyImages } from '../../../support/images.js';

const input = (more: Partial<CheckInput> = {}): CheckInput => ({
  train: greyImages(
    3,
    [
      [1, 2, 3],
      [7, 7, 7],
      [4, 5, 6],
      [1, 2, 3],
      [4, 5, 6],
      [4, 5, 6],
    ],
    [0, 1, 0, 1, 255, 2],
  ),
  test: greyImages(
    3,
    [
      [9, 9, 8],
      [1, 2, 3],
      [0, 0, 0],
      [9, 9, 8],
    ],
    [0, 1, 1, 0],
  ),
  classNames: ['no', 'yes'],
  isDropped: () => false,
  predictions: () => Promise.reject(new Error('not asked for')),
  ...more,
});

const found = async (check: CheckDefinition, mode: CheckMode, data = input()): Promise<string[]> =>
  (await check.run(data, mode, silentContext())).map(({ split, index }) => `${split} ${index}`);

describe('constant-images', () => {
  it('finds images of one value in both files', async () => {
    expect(await found(constantImagesCheck, 'report')).toEqual(['train 1', 'test 2']);
  });
});

describe('duplicates', () => {
  it('finds training images that the test has, and then later copies', async () => {
    expect(await found(duplicatesCheck, 'report')).toEqual([
      ...['train 0', 'train 3'],
      ...['train 3', 'train 4', 'train 5', 'test 3'],
    ]);
  });

  it('says of what an image is a copy, and whether the labels differ', async () => {
    const findings = await duplicatesCheck.run(input(), 'report', silentContext());
    expect(findings[0]).toMatchObject({ reason: 'test image 1 again', other: { split: 'test', index: 1 } });
    expect(findings[2]).toMatchObject({ reason: 'train image 0 again, with another label' });
    expect(findings.at(-1)).toMatchObject({ reason: 'test image 0 again' });
  });
});

describe('labels', () => {
  it('finds missing labels and those out of range', async () => {
    const findings = await labelsCheck.run(input(), 'drop', silentContext());
    expect(findings.map(({ split, index, reason }) => [split, index, reason])).toEqual([
      ['train', 4, 'no label (255)'],
      ['train', 5, 'label 2, where there are 2 classes'],
    ]);
  });

  it('fills in what the models are sure of, and nothing else', async () => {
    const train = Float32Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0.02, 0.98, 0.6, 0.4]);
    const predictions = { classes: 2, train, test: new Float32Array(8) };
    const data = input({ predictions: () => Promise.resolve(predictions) });
    const findings = await labelsCheck.run(data, 'fix', silentContext());
    expect(findings.map(({ index, label }) => [index, label])).toEqual([
      [4, 1],
      [5, undefined],
    ]);
    expect(findings[0]!.score).toBeCloseTo(0.98, 6);
  });
});
