import { describe, expect, it } from 'vitest';

import { ToolkitError } from '../../../../src/core/errors.js';
import { firstSize, nextSize, type JobSize } from '../../../../src/stages/train/workers/elastic.js';

describe('the size of a job', () => {
  it.each([
    [2, 2],
    [5, 5],
    [96, 8],
    [1, 2],
  ])('of a range, on %i cores: %i workers', (cores, workers) => {
    const size = firstSize({ workers: 1, restarts: 3, elastic: '2:8' }, cores);
    expect(size).toEqual({ workers, least: 2, restarts: 3 });
  });

  it('is a number without a range, whatever the machine has', () => {
    expect(firstSize({ workers: 4, restarts: 0 }, 1)).toEqual({ workers: 4, least: 4, restarts: 0 });
  });

  it('falls with each lost worker, and at its least stays as often as there are restarts', () => {
    const sizes: number[] = [];
    const first = firstSize({ workers: 1, restarts: 2, elastic: '2:4' }, 4);
    for (let size: JobSize | undefined = first; size; size = nextSize(size)) sizes.push(size.workers);
    expect(sizes).toEqual([4, 3, 2, 2, 2]);
  });

  it('is refused as an empty range, and beside a number', () => {
    expect(() => firstSize({ workers: 1, restarts: 0, elastic: '4:2' }, 4)).toThrow(ToolkitError);
    expect(() => firstSize({ workers: 3, restarts: 0, elastic: '2:4' }, 4)).toThrow('--workers 3');
  });
});
