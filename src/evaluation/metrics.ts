import {
  expectedCalibrationError,
  judgementsOf,
  maximumCalibrationError,
  reliability,
  type ConfidenceBin,
} from './calibration.js';
import { areasOf, type AreaAverages } from './areas.js';
import { accuracyOf } from './classify.js';
import {
  averagePrecisionRecall,
  balancedAccuracy,
  cohenKappa,
  confusionMatrix,
  macroPrecisionRecall,
  matthewsCorrelation,
  neverPredicted,
  occurs,
  precisionRecall,
  type PrecisionRecall,
} from './confusion.js';
import { predictionsOf, rowsOf, type ScoredExamples } from './probabilities.js';
import { brierScores, logLosses, mean, topKAccuracy } from './scores.js';

/** The metrics of one class. Precision, recall and F1 are null for an absent class. */
export interface ClassMetrics extends Record<keyof PrecisionRecall, number | null> {
  name: string;
  /** The number of images of this class. */
  support: number;
  /** The one-vs-rest area under the ROC curve; null if undefined. */
  rocAuc: number | null;
  averagePrecision: number | null;
}

/** Calibration: how well probabilities match accuracy. */
export interface CalibrationMetrics {
  /** The weighted mean gap between confidence and accuracy over confidence bins. */
  expectedCalibrationError: number;
  /** The largest gap. */
  maximumCalibrationError: number;
  bins: ConfidenceBin[];
}

/** The metrics of a classifier on some images. */
export interface ClassificationMetrics {
  /** The number of images. */
  n: number;
  /** Share of correct predictions. */
  accuracy: number;
  /** Mean cross-entropy, in nats. */
  loss: number;
  /** Mean squared distance between probabilities and truth, from 0 to 2. */
  brier: number;
  /** The mean recall of the classes that have images. */
  balancedAccuracy: number;
  cohenKappa: number;
  matthewsCorrelation: number;
  /** Top-k accuracy: the share of images whose class is among the k most probable. */
  topK: { k: number; accuracy: number }[];
  /** Unweighted means over the classes, without absent ones. */
  macro: PrecisionRecall;
  /** Means over the classes, weighted by support. */
  weighted: PrecisionRecall;
  rocAuc: AreaAverages;
  averagePrecision: AreaAverages;
  calibration: CalibrationMetrics;
  /** The classes without images that are never predicted either. */
  absentClasses: string[];
  /** The classes with images that are never predicted. */
  neverPredicted: string[];
  perClass: ClassMetrics[];
  /** Row: actual class; column: predicted class. */
  confusion: number[][];
}

const TOP = [2, 3, 5] as const;

const UNKNOWN = { precision: null, recall: null, f1: null };

/**
 * Metrics from probabilities, computed in double precision. The predicted class is the first of those with the highest
 * probability. As in scikit-learn, a ratio with denominator 0 is 0, and means exclude classes in neither labels nor predictions.
 */
export function classificationMetrics(
  scored: ScoredExamples,
  classNames: readonly string[],
): ClassificationMetrics {
  const { labels, classes } = scored;
  const predicted = predictionsOf(scored);
  const confusion = confusionMatrix(labels, predicted, classes);
  const supports = confusion.map((row) => row.reduce((sum, count) => sum + count, 0));
  const found = classNames.map((_, label) => precisionRecall(confusion, label));
  const areas = areasOf(scored);
  return {
    n: labels.length,
    accuracy: accuracyOf(predicted, labels),
    loss: mean(logLosses(scored)),
    brier: mean(brierScores(scored)),
    balancedAccuracy: balancedAccuracy(confusion),
    cohenKappa: cohenKappa(confusion),
    matthewsCorrelation: matthewsCorrelation(confusion),
    topK: TOP.filter((k) => k < classes).map((k) => ({ k, accuracy: topKAccuracy(scored, k) })),
    macro: macroPrecisionRecall(confusion),
    weighted: averagePrecisionRecall(found, supports),
    rocAuc: areas.rocAuc,
    averagePrecision: areas.averagePrecision,
    calibration: calibrationMetrics(scored),
    absentClasses: classNames.filter((_, label) => !occurs(confusion, label)),
    neverPredicted: neverPredicted(confusion).map((label) => classNames[label]!),
    perClass: classNames.map((name, label) => ({
      name,
      ...(occurs(confusion, label) ? found[label]! : UNKNOWN),
      support: supports[label]!,
      ...areas.perClass[label]!,
    })),
    confusion,
  };
}

/** The calibration of the probabilities. */
export function calibrationMetrics(scored: ScoredExamples): CalibrationMetrics {
  const judgements = judgementsOf(rowsOf(scored), scored.labels);
  return {
    expectedCalibrationError: expectedCalibrationError(judgements),
    maximumCalibrationError: maximumCalibrationError(judgements),
    bins: reliability(judgements),
  };
}
