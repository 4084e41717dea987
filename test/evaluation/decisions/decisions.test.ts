import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/core/random.js';
import { expectedCalibrationError, judgementsOf, reliability } from '../../../src/evaluation/calibration.js';
import {
  coverageAt,
  coverageCurve,
  thresholdForAccuracy,
} from '../../../src/evaluation/decisions/coverage.js';
import { decide, plainPolicy, type DecisionPolicy } from '../../../src/evaluation/decisions/decide.js';
import { fitTemperature } from '../../../src/evaluation/decisions/temperature.js';
import { softmax } from '../../../src/evaluation/probabilities.js';

const names = ['cat', 'dog', 'owl'];
const policy = (changes: Partial<DecisionPolicy>): DecisionPolicy => ({ ...plainPolicy(names), ...changes });

describe('softmax', () => {
  it('is e to the logit, divided by the sum, and does not overflow', () => {
    const [a, b] = softmax([Math.log(3), 0]);
    expect([a, b]).toEqual([expect.closeTo(0.75, 12), expect.closeTo(0.25, 12)]);
    expect([...softmax([1e30, 0])]).toEqual([1, 0]);
    expect(softmax([Math.log(9), 0], 2)[0]).toBeCloseTo(0.75, 12);
  });
});

describe('fitTemperature', () => {
  it('is what one computes by hand: logits of 99 % that are right in 3 of 4 cases', () => {
    const logit = Math.log(99);
    const logits = new Float32Array([logit, 0, logit, 0, logit, 0, logit, 0]);
    const temperature = fitTemperature(logits, new Uint8Array([0, 0, 0, 1]), 2);
    // The probability that fits is 3/4, whose logit is ln 3.
    expect(temperature).toBeCloseTo(logit / Math.log(3), 6);
  });

  it.each([0.3, 1, 2.5, 20])('finds the temperature %f that labels were drawn with', (truth) => {
    const random = new Random(11, 'temperature');
    const [count, classes] = [20_000, 5];
    const fitting = random.normalArray(count * classes, 2);
    const labels = Uint8Array.from({ length: count }, (_, row) => {
      let rest = random.integer(1_000_000) / 1_000_000;
      const probabilities = softmax(fitting.subarray(row * classes, (row + 1) * classes));
      const drawn = probabilities.findIndex((probability) => (rest -= probability) < 0);
      return drawn < 0 ? classes - 1 : drawn;
    });
    const logits = fitting.map((logit) => logit * truth);
    expect(fitTemperature(logits, labels, classes) / truth).toBeGreaterThan(0.96);
    expect(fitTemperature(logits, labels, classes) / truth).toBeLessThan(1.04);
  });

  it('has the least cross-entropy of all temperatures near it', () => {
    const random = new Random(5, 'temperature');
    const logits = random.normalArray(300, 3);
    const labels = Uint8Array.from({ length: 100 }, () => random.integer(3));
    const loss = (temperature: number): number =>
      [...labels].reduce(
        (sum, label, row) =>
          sum - Math.log(softmax(logits.subarray(3 * row, 3 * row + 3), temperature)[label]!),
        0,
      );
    const best = fitTemperature(logits, labels, 3);
    for (const factor of [0.5, 0.9, 0.99, 1.01, 1.1, 2]) expect(loss(best)).toBeLessThan(loss(best * factor));
  });

  it('stays within 0.01 and 100 where the data cannot tell', () => {
    const sure = new Float32Array([5, 0, 0, 5]);
    expect(fitTemperature(sure, new Uint8Array([0, 1]), 2)).toBe(0.01);
    expect(fitTemperature(sure, new Uint8Array([1, 0]), 2)).toBe(100);
    expect(fitTemperature(new Float32Array(0), new Uint8Array(0), 2)).toBe(1);
    expect(fitTemperature(new Float32Array([3e38, -3e38]), new Uint8Array([1]), 2)).toBe(100);
  });
});

describe('expectedCalibrationError', () => {
  const judged = (confidence: number, correct: boolean) => ({ predicted: 0, confidence, correct });

  it('is what one computes by hand', () => {
    // Two intervals: (0, 0.5] holds 0.4 (wrong) and 0.5 (right); (0.5, 1] holds 0.9 and 0.8 (right).
    const judgements = [judged(0.4, false), judged(0.5, true), judged(0.9, true), judged(0.8, true)];
    const [low, high] = reliability(judgements, 2);
    expect([low!.count, low!.accuracy, high!.count, high!.accuracy]).toEqual([2, 0.5, 2, 1]);
    expect(expectedCalibrationError(judgements, 2)).toBeCloseTo(0.5 * 0.05 + 0.5 * 0.15, 12);
  });

  it('is 0 for confidence that is accuracy, and without examples', () => {
    expect(expectedCalibrationError([judged(1, true), judged(1, true)])).toBe(0);
    expect(expectedCalibrationError([])).toBe(0);
  });
});

describe('coverage', () => {
  const judgements = [
    { predicted: 0, confidence: 0.95, correct: true },
    { predicted: 1, confidence: 0.9, correct: true },
    { predicted: 0, confidence: 0.8, correct: false },
    { predicted: 1, confidence: 0.7, correct: true },
    { predicted: 1, confidence: 0.6, correct: false },
  ];

  it('is what one counts by hand', () => {
    expect(coverageAt(judgements, 0)).toEqual({ threshold: 0, coverage: 1, accuracy: 0.6 });
    expect(coverageAt(judgements, 0.7)).toEqual({ threshold: 0.7, coverage: 0.8, accuracy: 0.75 });
    expect(coverageAt(judgements, 0.99)).toEqual({ threshold: 0.99, coverage: 0, accuracy: 1 });
    expect(coverageCurve(judgements, [1, 0.8, 0.4])).toEqual([
      { threshold: 0, coverage: 1, accuracy: 0.6 },
      { threshold: 0.7, coverage: 0.8, accuracy: 0.75 },
      { threshold: 0.9, coverage: 0.4, accuracy: 1 },
    ]);
  });

  it('finds the threshold that leaves the fewest to people', () => {
    expect(thresholdForAccuracy(judgements, 0.6)).toBe(0);
    expect(thresholdForAccuracy(judgements, 0.75)).toBe(0.7);
    expect(thresholdForAccuracy(judgements, 1)).toBe(0.9);
    expect(thresholdForAccuracy([{ predicted: 0, confidence: 0.9, correct: false }], 0.5)).toBeUndefined();
    expect(thresholdForAccuracy([], 1)).toBe(0);
    // Two with the same confidence, of which one is wrong, cannot be told apart.
    const tied = [true, false].map((correct) => ({ predicted: 0, confidence: 0.9, correct }));
    expect(thresholdForAccuracy(tied, 1)).toBeUndefined();
  });

  it('judges by the likeliest class, the first among equals', () => {
    const rows = [Float64Array.of(0.2, 0.8), Float64Array.of(0.5, 0.5)];
    expect(judgementsOf(rows, new Uint8Array([1, 1]))).toEqual([
      { predicted: 1, confidence: 0.8, correct: true },
      { predicted: 0, confidence: 0.5, correct: false },
    ]);
  });
});

describe('decide', () => {
  it('takes the likeliest class where nothing else is asked for', () => {
    const decision = decide([0.2, 0.5, 0.3], plainPolicy(names));
    expect(decision).toEqual({
      abstained: false,
      class: 1,
      probability: 0.5,
      expectedCost: 0.5,
      reason: null,
    });
  });

  it('asks a person below the threshold of the class, and says why', () => {
    const careful = policy({ thresholds: [0, 0.9, 0.4] });
    expect(decide([0.1, 0.85, 0.05], careful)).toMatchObject({
      abstained: true,
      class: null,
      candidate: 1,
      reason: {
        code: 'below-threshold',
        message: '“dog” has probability 85.0 %; its threshold is 90.0 %',
      },
    });
    expect(decide([0.1, 0.9, 0], careful)).toMatchObject({ abstained: false, class: 1 });
    expect(decide([0.3, 0.25, 0.45], careful)).toMatchObject({ abstained: false, class: 2 });
  });

  it('takes the class with the lowest expected cost, not the likeliest', () => {
    // To call an owl (2) a cat (0) is dear: 0.3 × 10 = 3; to call a cat an owl costs 0.6.
    const costs = [
      [0, 1, 1],
      [1, 0, 1],
      [10, 1, 0],
    ];
    const decision = decide([0.6, 0.1, 0.3], policy({ costs }));
    // Expected: cat 0.1 + 3 = 3.1, dog 0.6 + 0.3 = 0.9, owl 0.6 + 0.1 = 0.7.
    expect(decision).toMatchObject({ abstained: false, class: 2, probability: 0.3 });
    expect(decision.expectedCost).toBeCloseTo(0.7, 12);
  });

  it('asks a person where that is cheaper: Chow’s rule', () => {
    const priced = policy({ abstentionCost: 0.2 });
    expect(decide([0.85, 0.1, 0.05], priced)).toMatchObject({ abstained: false, class: 0 });
    expect(decide([0.75, 0.2, 0.05], priced)).toMatchObject({
      abstained: true,
      candidate: 0,
      reason: {
        code: 'too-costly',
        message: '“cat” has expected cost 0.25; sending it to a person costs 0.2',
      },
    });
  });

  it('never decides by numbers that are none', () => {
    expect(decide([NaN, NaN, NaN], plainPolicy(names)).abstained).toBe(true);
  });
});
