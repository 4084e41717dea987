import type { Metrics } from '../../core/events.js';
import { executionMode } from '../../engine/backends/options.js';
import type { Forward } from '../../engine/running/program.js';
import { neverPredictedWarning, PredictionCounts } from '../../evaluation/prediction-counts.js';
import type { TrainConfiguration } from './train-options.js';
import type { TrainContext } from './train-result.js';
import type { TrainingSet } from './training-set.js';
import { runInference } from './workers/run-inference.js';

/** What is measured, and how. */
interface Measured {
  set: TrainingSet;
  values: TrainConfiguration;
  context: TrainContext;
}

/** Measures the test split, and warns of classes that are never predicted there. */
export async function measureTest(run: Measured, forward: Forward): Promise<Metrics> {
  const { classNames } = run.set.data;
  const counts = new PredictionCounts(classNames.length);
  const metrics = (await measureSplit('test', run, forward, counts))!;
  const missed = counts.neverPredicted(classNames);
  if (missed.length > 0) run.context.emit(neverPredictedWarning(missed, 'the test images'));
  // Of a class without test images, the validation images tell.
  if (counts.actual.includes(0)) await judgeOnValidation(run, forward, counts.actual);
  return metrics;
}

async function judgeOnValidation(run: Measured, forward: Forward, tested: readonly number[]): Promise<void> {
  const { classNames } = run.set.data;
  const counts = new PredictionCounts(classNames.length);
  await measureSplit('validation', run, forward, counts);
  const untested = new Set(classNames.filter((_, label) => tested[label] === 0));
  const missed = counts.neverPredicted(classNames).filter((name) => untested.has(name));
  if (missed.length > 0) run.context.emit(neverPredictedWarning(missed, 'the validation images'));
}

async function measureSplit(
  split: 'validation' | 'test',
  { set, context, values }: Measured,
  forward: Forward,
  counts: PredictionCounts,
): Promise<Metrics | null> {
  const images = await set.place(split);
  const classes = set.data.classNames.length;
  const inference = runInference(forward, images, classes, executionMode(values), context.group);
  try {
    return await set.measure(split, inference, context.signal, [counts]);
  } finally {
    inference.dispose();
  }
}
