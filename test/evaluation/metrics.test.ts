import { describe, expect, it } from 'vitest';

import { Random } from '../../src/core/random.js';
import { crossEntropy } from '../../src/evaluation/classify.js';
import { classificationMetrics } from '../../src/evaluation/metrics.js';
import { indexOfMaximum, scoreLogits } from '../../src/evaluation/probabilities.js';
import { expectClose } from '../support/numbers.js';

/** Logits that make a classifier predict these classes. */
function logitsFor(predictions: number[], classes: number): Float32Array {
  const logits = new Float32Array(predictions.length * classes);
  predictions.forEach((prediction, row) => (logits[row * classes + prediction] = 5));
  return logits;
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `class ${index}`);

/** scikit-learn's definitions, straight from lists of true and predicted classes. */
function independent(truth: number[], predicted: number[], classes: number): number[][] {
  return Array.from({ length: classes }, (_, label) => {
    const truePositive = truth.filter((value, row) => value === label && predicted[row] === label).length;
    const falsePositive = truth.filter((value, row) => value !== label && predicted[row] === label).length;
    const falseNegative = truth.filter((value, row) => value === label && predicted[row] !== label).length;
    const precision = truePositive + falsePositive > 0 ? truePositive / (truePositive + falsePositive) : 0;
    const recall = truePositive + falseNegative > 0 ? truePositive / (truePositive + falseNegative) : 0;
    const f1 = precision + recall > 0 ? (2 * precision * recall) / (precision + recall) : 0;
    return [precision, recall, f1, truePositive + falseNegative];
  });
}

describe('classificationMetrics', () => {
  it('is what one counts by hand', () => {
    // The example of scikit-learn's classification_report: precision 0.5, 0, 1; recall 1, 0, 2/3; F1 2/3, 0, 0.8.
    const metrics = classificationMetrics(
      scoreLogits(logitsFor([0, 0, 2, 2, 1], 3), new Uint8Array([0, 1, 2, 2, 2]), 3),
      names(3),
    );
    expect(metrics.confusion).toEqual([
      [1, 0, 0],
      [1, 0, 0],
      [0, 1, 2],
    ]);
    expect(metrics.n).toBe(5);
    expect(metrics.accuracy).toBe(0.6);
    expect(metrics.perClass.map(({ precision }) => precision)).toEqual([0.5, 0, 1]);
    expect(metrics.perClass.map(({ recall }) => recall)).toEqual([1, 0, 2 / 3]);
    expectClose(
      metrics.perClass.map(({ f1 }) => f1 ?? NaN),
      [2 / 3, 0, 0.8],
      1e-15,
    );
    expect(metrics.perClass.map(({ support }) => support)).toEqual([1, 1, 3]);
    expect(metrics.perClass.map(({ name }) => name)).toEqual(names(3));
    // The report's row "macro avg": 0.50, 0.56, 0.49.
    expectClose(
      [metrics.macro.precision, metrics.macro.recall, metrics.macro.f1],
      [0.5, 5 / 9, 22 / 45],
      1e-15,
    );
    // Three rows of logits 5, 0, 0 that are right, and two whose class has the logit 0.
    const right = Math.log(1 + 2 * Math.exp(-5));
    expect(metrics.loss).toBeCloseTo((3 * right + 2 * (right + 5)) / 5, 12);
  });

  it('leaves classes that are in neither labels nor predictions out of the means, by name', () => {
    const { perClass, macro, absentClasses, neverPredicted } = classificationMetrics(
      scoreLogits(logitsFor([0, 0], 3), new Uint8Array([0, 0]), 3),
      names(3),
    );
    expect(perClass[2]).toEqual({
      ...{ name: 'class 2', precision: null, recall: null, f1: null, support: 0 },
      ...{ rocAuc: null, averagePrecision: null },
    });
    expect(macro).toEqual({ precision: 1, recall: 1, f1: 1 });
    expect(absentClasses).toEqual(['class 1', 'class 2']);
    expect(neverPredicted).toEqual([]);
  });

  it('counts 0 for a class that is never predicted, and for one without images that is; the first by name', () => {
    const { perClass, macro, absentClasses, neverPredicted } = classificationMetrics(
      scoreLogits(logitsFor([0, 0, 2], 3), new Uint8Array([0, 1, 0]), 3),
      names(3),
    );
    expect(perClass.map(({ precision }) => precision)).toEqual([0.5, 0, 0]);
    expect(perClass.map(({ recall }) => recall)).toEqual([0.5, 0, 0]);
    expect(macro).toEqual({ precision: 0.5 / 3, recall: 0.5 / 3, f1: 0.5 / 3 });
    expect(absentClasses).toEqual([]);
    expect(neverPredicted).toEqual(['class 1']);
  });

  it('has only zeros to say of no images', () => {
    expect(
      classificationMetrics(scoreLogits(new Float32Array(0), new Uint8Array(0), 2), names(2)),
    ).toMatchObject({
      n: 0,
      accuracy: 0,
      loss: 0,
      macro: { precision: 0, recall: 0, f1: 0 },
      rocAuc: { macro: null, micro: null, weighted: null },
    });
  });

  it.each([1, 2, 3, 4, 5])('agrees with an independent implementation on random data (%i)', (seed) => {
    const random = new Random(seed, 'metrics');
    const classes = 2 + random.integer(9);
    const count = 1 + random.integer(300);
    const logits = random.normalArray(count * classes, 2);
    const labels = Uint8Array.from({ length: count }, () => random.integer(classes));
    const rows = Array.from({ length: count }, (_, row) => [
      ...logits.slice(row * classes, (row + 1) * classes),
    ]);
    const predicted = rows.map((row) => row.indexOf(Math.max(...row)));
    const truth = [...labels];

    const metrics = classificationMetrics(scoreLogits(logits, labels, classes), names(classes));
    const expected = independent(truth, predicted, classes);
    const occurring = names(classes).filter((_, label) => truth.includes(label) || predicted.includes(label));
    expect(metrics.absentClasses).toEqual(names(classes).filter((name) => !occurring.includes(name)));
    metrics.perClass.forEach(({ name, precision, recall, f1, support }, index) => {
      const isKnown = occurring.includes(name);
      expect([precision, recall, f1].every((value) => (value !== null) === isKnown)).toBe(true);
      expectClose([precision ?? 0, recall ?? 0, f1 ?? 0, support], expected[index]!, 1e-14);
    });
    // Absent classes add 0 to the sums.
    const means = [0, 1, 2].map(
      (column) => expected.reduce((sum, row) => sum + row[column]!, 0) / occurring.length,
    );
    expectClose([metrics.macro.precision, metrics.macro.recall, metrics.macro.f1], means, 1e-13);
    const correct = truth.filter((label, row) => label === predicted[row]).length;
    expect(metrics.accuracy).toBe(correct / count);
    const losses = rows.map(
      (row, index) =>
        -Math.log(Math.exp(row[labels[index]!]!) / row.reduce((sum, value) => sum + Math.exp(value), 0)),
    );
    expectClose([metrics.loss], [losses.reduce((sum, loss) => sum + loss, 0) / count], 1e-12);
    expect(metrics.confusion.flat().reduce((sum, value) => sum + value, 0)).toBe(count);
  });
});

describe('crossEntropy', () => {
  it('does not overflow', () => {
    expect(crossEntropy(new Float32Array([3e38, 0]), 0)).toBe(0);
    expect(crossEntropy(new Float32Array([1000, 0]), 1)).toBe(1000);
    expect(crossEntropy(new Float32Array([-1000, -1000]), 1)).toBeCloseTo(Math.LN2, 15);
  });
});

describe('indexOfMaximum', () => {
  it('is the first among equals', () => {
    expect(indexOfMaximum(new Float32Array([1, 3, 3]))).toBe(1);
    expect(indexOfMaximum(new Float32Array([-2, -1]))).toBe(1);
    expect(indexOfMaximum(new Float32Array([7]))).toBe(0);
  });
});
