import { readFile } from 'node:fs/promises';

import { beforeAll, describe, expect, it } from 'vitest';

import { bootstrapIntervals } from '../../src/evaluation/bootstrap.js';
import { oneVersusRest, precisionRecallCurve, rocCurve } from '../../src/evaluation/curves.js';
import { classificationMetrics, type ClassificationMetrics } from '../../src/evaluation/metrics.js';
import type { ScoredExamples } from '../../src/evaluation/probabilities.js';
import { expectClose } from '../support/numbers.js';

interface Expected extends Omit<ClassificationMetrics, 'n' | 'calibration' | 'perClass'> {
  perClass: Omit<ClassificationMetrics['perClass'][number], 'name'>[];
  calibration: {
    counts: number[];
    accuracies: number[];
    confidences: number[];
    expectedCalibrationError: number;
    maximumCalibrationError: number;
  };
  curvesOfFirstClass: Record<'falsePositiveRate' | 'truePositiveRate' | 'precision' | 'recall', number[]>;
}

interface Fixture {
  cases: {
    name: string;
    classes: number;
    probabilities: number[];
    labels: number[];
    expected: Expected;
  }[];
  /** Where classes occur in neither labels nor predictions: what scikit-learn says with its own choice of classes. */
  absent: {
    name: string;
    classes: number;
    probabilities: number[];
    labels: number[];
    expected: Pick<ClassificationMetrics, 'macro' | 'balancedAccuracy'> & { classesMeasured: number[] };
  }[];
  binomialInterval: [low: number, high: number];
}

/** Relative, and near 0 absolute. */
const TOLERANCE = 1e-9;

const ONE = { low: 1, high: 1 };

let fixture: Fixture;
beforeAll(async () => {
  const path = new URL('../fixtures/metrics.json', import.meta.url);
  fixture = JSON.parse(await readFile(path, 'utf8')) as Fixture;
});

/** Every number in a tree of objects and lists, with the path to it. */
function numbersIn(tree: unknown, path = ''): [string, number][] {
  if (typeof tree === 'number') return [[path, tree]];
  if (typeof tree !== 'object' || tree === null) return [];
  return Object.entries(tree).flatMap(([key, value]) => numbersIn(value, `${path}/${key}`));
}

describe.each(['smooth', 'ties', 'unequal classes', 'two classes'])(
  'on the same predictions as scikit-learn (%s)',
  (name) => {
    const load = (): { scored: ScoredExamples; expected: Expected } => {
      const { probabilities, labels, classes, expected } = fixture.cases.find(
        (entry) => entry.name === name,
      )!;
      const scored = {
        probabilities: Float64Array.from(probabilities),
        labels: Uint8Array.from(labels),
        classes,
      };
      return { scored, expected };
    };

    it('every metric is the same', () => {
      const { scored, expected } = load();
      const { classes } = scored;
      const names = Array.from({ length: classes }, (_, label) => `class ${label}`);
      const metrics = classificationMetrics(scored, names);
      // k = 5 is left out of five classes or fewer, and ours are not all k.
      const topK = expected.topK.filter(({ k }) => [2, 3, 5].includes(k));
      const { calibration, curvesOfFirstClass, ...rest } = { ...expected, topK };
      const found = new Map(numbersIn(metrics));
      const wanted = numbersIn(rest);
      expect(wanted.length).toBeGreaterThan(30);
      for (const [path, value] of wanted) {
        expect(found.has(path), path).toBe(true);
        expect(Math.abs(found.get(path)! - value), path).toBeLessThanOrEqual(TOLERANCE);
      }
      expect(metrics.confusion).toEqual(expected.confusion);
      expect(curvesOfFirstClass.recall.length).toBeGreaterThan(5);

      const { bins, ...errors } = metrics.calibration;
      expect(bins.map(({ count }) => count)).toEqual(calibration.counts);
      const filled = bins.filter(({ count }) => count > 0);
      const column = (key: 'accuracy' | 'confidence'): number[] => filled.map((bin) => bin[key]);
      expectClose(column('accuracy'), calibration.accuracies, TOLERANCE);
      expectClose(column('confidence'), calibration.confidences, TOLERANCE);
      expectClose(
        [errors.expectedCalibrationError, errors.maximumCalibrationError],
        [calibration.expectedCalibrationError, calibration.maximumCalibrationError],
        TOLERANCE,
      );
    });

    it('every point of the curves is the same', () => {
      const { scored, expected } = load();
      const { falsePositiveRate, truePositiveRate, precision, recall } = expected.curvesOfFirstClass;
      const scores = oneVersusRest(scored, 0);
      const roc = rocCurve(scores);
      expectClose(
        roc.map(([x]) => x),
        falsePositiveRate,
        TOLERANCE,
      );
      expectClose(
        roc.map(([, y]) => y),
        truePositiveRate,
        TOLERANCE,
      );
      // scikit-learn's points ascend with the threshold, and end where all positives are found once more.
      const points = precisionRecallCurve(scores).reverse();
      const found = points.findIndex(([x]) => x < 1);
      const shown = points.slice(Math.max(0, found - 1));
      const skipped = recall.lastIndexOf(1);
      expectClose(
        shown.map(([x]) => x),
        recall.slice(skipped),
        TOLERANCE,
      );
      expectClose(
        shown.map(([, y]) => y),
        precision.slice(skipped),
        TOLERANCE,
      );
    });
  },
);

it.each(['classes missing', 'one class only', 'all right'])(
  'means leave out the classes that scikit-learn leaves out (%s)',
  async (name) => {
    const { probabilities, labels, classes, expected } = fixture.absent.find((entry) => entry.name === name)!;
    const scored = {
      ...{ probabilities: Float64Array.from(probabilities), labels: Uint8Array.from(labels), classes },
    };
    const names = Array.from({ length: classes }, (_, label) => `class ${label}`);
    const metrics = classificationMetrics(scored, names);
    const { macro, balancedAccuracy, absentClasses } = metrics;
    expect(absentClasses).toEqual(names.filter((_, label) => !expected.classesMeasured.includes(label)));
    expectClose(
      [macro.precision, macro.recall, macro.f1, balancedAccuracy],
      [expected.macro.precision, expected.macro.recall, expected.macro.f1, expected.balancedAccuracy],
      TOLERANCE,
    );

    // A resample that is right on every image has a macro F1 of 1, whatever classes it drew.
    const signal = new AbortController().signal;
    const options = { resamples: 60, confidence: 0.9, seed: 3, signal };
    const { macroF1, balancedAccuracy: balanced } = (await bootstrapIntervals(scored, options))!;
    if (metrics.accuracy === 1) expect([macroF1, balanced]).toEqual([ONE, ONE]);
    else expect(macroF1.low < macro.f1 && macro.f1 < macroF1.high).toBe(true);
  },
);

it('bootstrap intervals of an accuracy are near the binomial ones, and the same for the same seed', async () => {
  const labels = new Uint8Array(1000);
  const probabilities = Float64Array.from({ length: 2000 }, (_, index) =>
    // 880 of 1000 are right.
    (index < 1760 ? index % 2 === 0 : index % 2 === 1) ? 0.75 : 0.25,
  );
  const scored = { probabilities, labels, classes: 2 };
  const options = { resamples: 400, confidence: 0.95, seed: 1, signal: new AbortController().signal };
  const intervals = await bootstrapIntervals(scored, options);
  const [low, high] = fixture.binomialInterval;
  expect(Math.abs(intervals!.accuracy.low - low)).toBeLessThanOrEqual(0.004);
  expect(Math.abs(intervals!.accuracy.high - high)).toBeLessThanOrEqual(0.004);
  expect(await bootstrapIntervals(scored, options)).toEqual(intervals);
  expect(await bootstrapIntervals(scored, { ...options, seed: 2 })).not.toEqual(intervals);
  const narrow = await bootstrapIntervals(scored, { ...options, confidence: 0.5 });
  expect(narrow!.accuracy.high - narrow!.accuracy.low).toBeLessThan((high - low) / 2);
  expect(await bootstrapIntervals({ ...scored, labels: new Uint8Array(0) }, options)).toBeUndefined();
});
