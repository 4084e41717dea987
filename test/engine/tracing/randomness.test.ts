import { memory, scalar, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { stepRandomness } from '../../../src/engine/tracing/randomness.js';
import { startOnCpu } from '../../support/backends.js';

const draw = (seed: number, step: number, purpose: string, shape = [50, 40]): number[] =>
  tidy(() => Array.from(stepRandomness(seed, scalar(step)).uniform(shape, purpose).dataSync()));

for (const backend of ['tensorflow', 'cpu']) {
  describe(`the random numbers of a step, on ${backend}`, () => {
    beforeAll(() => startOnCpu(backend));

    it('are the same for the same seed, step and purpose, and others for any other', () => {
      const numbers = draw(1, 7, 'dropout');
      expect(draw(1, 7, 'dropout')).toEqual(numbers);
      for (const others of [draw(2, 7, 'dropout'), draw(1, 8, 'dropout'), draw(1, 7, 'noise')]) {
        const equal = others.filter((number, index) => number === numbers[index]);
        expect(equal.length).toBeLessThan(5);
      }
    });

    it('are uniformly distributed from 0 up to but not including 1', () => {
      const numbers = draw(3, 1, 'dropout', [100_000]);
      expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
      const counts = new Array<number>(10).fill(0);
      for (const number of numbers) counts[Math.floor(number * 10)]! += 1;
      // χ² with 9 degrees of freedom is below 33.7 in all but one of 10,000 cases, and the numbers are always these.
      const chiSquared = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
      expect(chiSquared).toBeLessThan(33.7);
    });

    it('leave no tensor behind', () => {
      const before = memory().numTensors;
      draw(1, 1, 'dropout');
      expect(memory().numTensors).toBe(before);
    });
  });
}
