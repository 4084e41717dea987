import { expect, it } from 'vitest';

import { Random } from '../../../src/core/random.js';
import { classFactors } from '../../../src/evaluation/decisions/class-factors.js';
import { softmax } from '../../../src/evaluation/probabilities.js';

it('is what one computes by hand: two classes of equal probability, of which one is four times as frequent', () => {
  const probabilities = new Float64Array(20).fill(0.5);
  const labels = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
  const [frequent, rare] = classFactors({ probabilities, labels, classes: 2 });
  expect(rare).toBe(1);
  expect(frequent).toBeCloseTo(4, 6);
});

it('finds the factors that labels were drawn with, and keeps a class without examples', () => {
  const random = new Random(7, 'factors');
  const [count, classes] = [20_000, 3];
  const truth = [8, 2, 0];
  const logits = random.normalArray(count * classes, 1.5);
  const rows = Array.from({ length: count }, (_, row) => softmax(logits.subarray(3 * row, 3 * row + 3)));
  const labels = Uint8Array.from(rows, (row) => {
    const weights = row.map((value, label) => value * truth[label]!);
    return Number(random.uniform() * (weights[0]! + weights[1]!) >= weights[0]!);
  });
  const factors = classFactors({
    probabilities: Float64Array.from(rows.flatMap((row) => [row[0]!, row[1]!, 0])),
    labels,
    classes,
  });
  expect(factors[0]! / factors[1]! / 4).toBeCloseTo(1, 1);
});
