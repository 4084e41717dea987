import { describe, expect, it } from 'vitest';

import { startsOverfitting, generalizationGap } from '../../src/training/gap.js';
import type { EpochRecord } from '../../src/training/progress.js';

/** Epochs with these losses in training and on the validation split. */
function history(training: readonly number[], validation: readonly (number | null)[]): EpochRecord[] {
  return training.map((loss, index) => ({
    epoch: index + 1,
    loss,
    accuracy: 0.9,
    validation: validation[index] === null ? null : { loss: validation[index]!, accuracy: 0.9 },
    learningRate: 0.1,
    seconds: 1,
    imagesPerSecond: 1,
  }));
}

const falling = [0.5, 0.4, 0.3, 0.2, 0.1, 0.05];

/** The epochs with which the gap opens. */
function openings(records: readonly EpochRecord[]): number[] {
  return records.flatMap(({ epoch }) => (startsOverfitting(records.slice(0, epoch)) ? epoch : []));
}

describe('generalizationGap', () => {
  it('is the validation loss less the training loss, and nothing without a split', () => {
    expect(history([0.25], [0.75]).map(generalizationGap)).toEqual([0.5]);
    expect(history([0.25], [null]).map(generalizationGap)).toEqual([null]);
  });
});

describe('startsOverfitting', () => {
  it('three epochs after the lowest validation loss, and then never again', () => {
    expect(openings(history(falling, [0.4, 0.3, 0.31, 0.33, 0.35, 0.4]))).toEqual([5]);
  });

  it('not while the validation loss falls, or stays where it is', () => {
    expect(openings(history(falling, [0.5, 0.4, 0.35, 0.3, 0.29, 0.28]))).toEqual([]);
    expect(openings(history(falling, [0.4, 0.3, 0.31, 0.3, 0.31, 0.32]))).toEqual([]);
  });

  it('not when the training loss rises too: that is no overfitting', () => {
    expect(openings(history([0.5, 0.4, 0.45, 0.5, 0.55, 0.6], [0.4, 0.3, 0.4, 0.5, 0.6, 0.7]))).toEqual([]);
  });

  it('not without a validation split, and not before the first epoch', () => {
    expect(
      openings(
        history(
          falling,
          falling.map(() => null),
        ),
      ),
    ).toEqual([]);
    expect(startsOverfitting([])).toBe(false);
  });
});
