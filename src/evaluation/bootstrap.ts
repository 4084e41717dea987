import { setImmediate as nextTurn } from 'node:timers/promises';

import { Random } from '../core/random.js';
import { balancedAccuracy, cohenKappa, macroPrecisionRecall, matthewsCorrelation } from './confusion.js';
import { predictionsOf, type ScoredExamples } from './probabilities.js';
import { brierScores, logLosses } from './scores.js';
import { rowOf } from '../core/images.js';

/** A confidence interval. */
export interface Interval {
  low: number;
  high: number;
}

/** The metrics with confidence intervals. */
export interface Headline<Value> {
  accuracy: Value;
  loss: Value;
  brier: Value;
  balancedAccuracy: Value;
  macroF1: Value;
  cohenKappa: Value;
  matthewsCorrelation: Value;
}

/** Confidence intervals, and how they were computed. */
export interface Intervals extends Headline<Interval> {
  /** The confidence level. */
  confidence: number;
  resamples: number;
}

export interface BootstrapOptions {
  resamples: number;
  confidence: number;
  seed: number;
  signal: AbortSignal;
}

/** How long the event loop may be blocked, in milliseconds. */
const SLICE_MS = 50;

/**
 * Bootstrap percentile intervals of the headline metrics (Efron and Tibshirani, “An introduction to the bootstrap”, 1993,
 * chapter 13). They reflect the choice of test images, not the seed of training. Undefined without examples. Throws the signal's
 * reason when aborted.
 */
export async function bootstrapIntervals(
  scored: ScoredExamples,
  { resamples, confidence, seed, signal }: BootstrapOptions,
): Promise<Intervals | undefined> {
  if (scored.labels.length === 0) return undefined;
  const resample = resampler(scored);
  const drawn: Headline<number>[] = [];
  let end = performance.now() + SLICE_MS;
  for (let index = 0; index < resamples; index++) {
    drawn.push(resample(new Random(seed, 'bootstrap', index)));
    if (performance.now() < end) continue;
    await nextTurn();
    signal.throwIfAborted();
    end = performance.now() + SLICE_MS;
  }
  const interval = (key: keyof Headline<unknown>): Interval => {
    const values = Float64Array.from(drawn, (numbers) => numbers[key]).sort();
    const tail = (1 - confidence) / 2;
    return { low: quantile(values, tail), high: quantile(values, 1 - tail) };
  };
  return {
    confidence,
    resamples,
    accuracy: interval('accuracy'),
    loss: interval('loss'),
    brier: interval('brier'),
    balancedAccuracy: interval('balancedAccuracy'),
    macroF1: interval('macroF1'),
    cohenKappa: interval('cohenKappa'),
    matthewsCorrelation: interval('matthewsCorrelation'),
  };
}

/** Returns a function that resamples and measures the examples; values per example are computed once. */
function resampler(scored: ScoredExamples): (random: Random) => Headline<number> {
  const { labels, classes } = scored;
  const count = labels.length;
  const losses = logLosses(scored);
  const squares = brierScores(scored);
  const predictions = predictionsOf(scored);
  const cells = predictions.reduce(
    (found, predicted, index) => found.fill(labels[index]! * classes + predicted, index, index + 1),
    new Uint16Array(count),
  );
  return (random) => {
    const cellCounts = new Float64Array(classes ** 2);
    let [correct, loss, brier] = [0, 0, 0];
    for (let draw = 0; draw < count; draw++) {
      const index = random.integer(count);
      cellCounts[cells[index]!]! += 1;
      correct += Number(predictions[index] === labels[index]);
      loss += losses[index]!;
      brier += squares[index]!;
    }
    const matrix = Array.from({ length: classes }, (_, label) => [...rowOf(cellCounts, label, classes)]);
    return {
      accuracy: correct / count,
      loss: loss / count,
      brier: brier / count,
      balancedAccuracy: balancedAccuracy(matrix),
      macroF1: macroPrecisionRecall(matrix).f1,
      cohenKappa: cohenKappa(matrix),
      matthewsCorrelation: matthewsCorrelation(matrix),
    };
  };
}

/** A quantile of sorted values, interpolated linearly. */
function quantile(ascending: Float64Array, share: number): number {
  const place = share * (ascending.length - 1);
  const below = Math.floor(place);
  const low = ascending[below]!;
  return low + (place - below) * ((ascending[below + 1] ?? low) - low);
}
