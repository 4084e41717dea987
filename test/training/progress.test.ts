import { describe, expect, it } from 'vitest';

import type { Metrics } from '../../src/core/events.js';
import { bestEpoch, isStagnant, type EpochRecord } from '../../src/training/progress.js';

function history(...validations: (Metrics | null)[]): EpochRecord[] {
  return validations.map((validation, index) => ({
    epoch: index + 1,
    loss: 1,
    accuracy: 0.5,
    validation,
    learningRate: 0.1,
    seconds: 1,
    imagesPerSecond: 1,
  }));
}

const metrics = (accuracy: number, loss: number): Metrics => ({ accuracy, loss });

describe('bestEpoch', () => {
  it('is unknown before the first epoch', () => {
    expect(bestEpoch([])).toBeUndefined();
  });

  it('has the highest validation accuracy', () => {
    expect(bestEpoch(history(metrics(0.8, 1), metrics(0.9, 2), metrics(0.85, 0.1)))?.epoch).toBe(2);
  });

  it('among equally accurate ones has the lowest loss, and among those is the first', () => {
    const found = bestEpoch(
      history(metrics(0.9, 0.5), metrics(0.9, 0.3), metrics(0.9, 0.3), metrics(0.9, 0.4)),
    );
    expect(found?.epoch).toBe(2);
  });

  it('is the latest without a validation split', () => {
    expect(bestEpoch(history(null, null, null))?.epoch).toBe(3);
  });
});

describe('isStagnant', () => {
  const falling = history(metrics(0.9, 1), metrics(0.8, 1), metrics(0.7, 1));

  it('waits for as many epochs as it is told', () => {
    expect(isStagnant(falling.slice(0, 2), 2)).toBe(false);
    expect(isStagnant(falling, 2)).toBe(true);
    expect(isStagnant(falling, 3)).toBe(false);
  });

  it('begins to count anew with each better epoch', () => {
    const recovering = [...falling, ...history(metrics(0.95, 1)).map((record) => ({ ...record, epoch: 4 }))];
    expect(isStagnant(recovering, 1)).toBe(false);
  });

  it('never holds without a patience, before the first epoch, or without a validation split', () => {
    expect(isStagnant(falling, undefined)).toBe(false);
    expect(isStagnant([], 1)).toBe(false);
    expect(isStagnant(history(null, null, null), 1)).toBe(false);
  });
});
