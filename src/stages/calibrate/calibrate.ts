import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import { readCheckpoint, type Checkpoint } from '../../artifacts/checkpoint.js';
import {
  isSquare,
  writeDecision,
  type MeasuredDecision,
  type StoredDecision,
} from '../../artifacts/decision.js';
import type { PreparedData } from '../../artifacts/prepared.js';
import type { StoredLikeness } from '../../artifacts/likeness/stored-likeness.js';
import { resolveCheckpoint } from '../../artifacts/run.js';
import { ToolkitError } from '../../core/errors.js';
import { silentContext, type StageContext } from '../../core/events.js';
import { sha256OfContent } from '../../core/encryption/artifact-file.js';
import { decodeText } from '../../core/formats/text.js';
import { complaintOf } from '../../core/validation.js';
import { version } from '../../core/version.js';
import { expectedCalibrationError, judgementsOf } from '../../evaluation/calibration.js';
import { accuracyOf } from '../../evaluation/classify.js';
import { coverageCurve, thresholdForAccuracy } from '../../evaluation/decisions/coverage.js';
import { plainPolicy, type DecisionPolicy } from '../../evaluation/decisions/decide.js';
import { classFactors } from '../../evaluation/decisions/class-factors.js';
import { coverageOf, decisionOutcome, type Prices } from '../../evaluation/decisions/outcome.js';
import { fitTemperature } from '../../evaluation/decisions/temperature.js';
import { selectImages, type LabelledImages } from '../../core/images.js';
import { predictionsOf, rowsOf, scoreLogits, type ScoredExamples } from '../../evaluation/probabilities.js';
import { logLosses, mean } from '../../evaluation/scores.js';
import { fitLikeness, LEAST_VALIDATION, storedLikeness } from '../../data/likeness/fit.js';
import { executionMode } from '../../engine/backends/options.js';
import type { ClassifyOptions } from '../../models/classify-images.js';
import { classifyPixels } from '../../models/classify-pixels.js';
import { startForModels } from '../../models/onnx/start.js';
import type { CalibrateOptions } from './calibrate-options.js';
import { recallsByName, targetRecalls, withRecall } from './target-recall.js';
import { dataFor } from '../evaluate/evaluation-subject.js';
import { splitOf } from '../preprocess/prepare-data.js';

/** What `calibrate` made, and where it lies. */
export interface Calibration extends StoredDecision {
  path: string;
}

/** The shares of answered images on the coverage–accuracy curve. */
const COVERAGES = [1, 0.99, 0.98, 0.97, 0.96, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5];

/** Logits of some images, with what they show. */
interface Scored {
  logits: Float32Array;
  labels: Uint8Array;
}

/**
 * Fits a checkpoint's temperature and thresholds on its validation split, measures them there and on the test images, and
 * writes `decision.json` beside the checkpoint; predict and serve decide by it.
 *
 * Throws USAGE where the model was trained without a validation split, the options do not fit its classes or a target is out of reach, CONFIG_UNREADABLE,
 * and what `evaluate` throws.
 */
export async function calibrate(
  name: string,
  options: CalibrateOptions,
  context: StageContext = silentContext(),
): Promise<Calibration> {
  const checkpoint = await readCheckpoint(await resolveCheckpoint(name, options.checkpointsDir));
  const { description, path } = checkpoint;
  const given = await givenPolicy(options, description.classNames);
  const targets = targetRecalls(options, description.classNames);
  const data = await dataFor(checkpoint, description.data.dataset, options, context);
  const validationIndices = validationSplitOf(checkpoint, data);
  warnOfOrigin(description, context);
  await startForModels([checkpoint], options, context);
  const how = { signal: context.signal, mode: executionMode(options) };
  const validation = await score(checkpoint, data.train, validationIndices, how);
  const test = await score(checkpoint, data.test, Int32Array.from(data.test.labels.keys()), how);
  const temperature = fitTemperature(validation.logits, validation.labels, description.classNames.length);
  const scored = scoredAt(validation, temperature);
  const corrected = correctedFor(checkpoint, given, scored, context);
  const policy = withRecall(withTarget(corrected, options.targetAccuracy, scored), targets, scored, context);
  const decision: StoredDecision = {
    format: 'mnist-train/decision',
    version: 1,
    toolkit: version,
    createdAt: new Date().toISOString(),
    checkpoint: { run: description.run, sha256: await sha256OfContent(path) },
    classNames: description.classNames,
    temperature,
    thresholds: [...policy.thresholds],
    costs: policy.costs?.map((row) => [...row]) ?? null,
    given: {
      costs: given.costs?.map((row) => [...row]) ?? null,
      targetRecall: targets.size === 0 ? null : recallsByName(targets, description.classNames),
    },
    abstentionCost: policy.abstentionCost,
    measured: [
      measure('validation', validation, temperature, policy, given),
      measure('test', test, temperature, policy, given),
    ],
  };
  const likeness = likenessFor(checkpoint, data, context);
  const complete = likeness ? { ...decision, likeness } : decision;
  return { ...complete, path: await writeDecision(path, complete) };
}

/** What the training images look like; a notice says why it is not told. */
function likenessFor(
  { description }: Checkpoint,
  data: PreparedData,
  { emit }: Pick<StageContext, 'emit'>,
): StoredLikeness | undefined {
  const { validationSplit, splitSeed } = description.data;
  const { training, validation } = splitOf(data, validationSplit, splitSeed);
  const reason = description.privacy
    ? 'the training images are private'
    : validation.length < LEAST_VALIDATION
      ? `that takes ${LEAST_VALIDATION} validation images or more`
      : undefined;
  if (reason === undefined) {
    const fitted = fitLikeness(data.train, training, data.classNames.length);
    return storedLikeness(fitted, selectImages(data.train, validation), data.test);
  }
  emit({ event: 'notice', message: `images unlike the training images will not be told: ${reason}` });
  return undefined;
}

async function givenPolicy(
  { thresholds, costs, abstentionCost, targetAccuracy }: CalibrateOptions,
  classNames: readonly string[],
): Promise<DecisionPolicy> {
  const classes = classNames.length;
  if (thresholds.length > 1 && thresholds.length !== classes) {
    throw usage(
      `--thresholds has ${thresholds.length} numbers`,
      `give one number, or ${classes}: one per class`,
    );
  }
  if (thresholds.length > 0 && targetAccuracy !== undefined) {
    throw usage(
      '--thresholds and --target-accuracy cannot be combined',
      'remove --thresholds: --target-accuracy determines them',
    );
  }
  return {
    classNames,
    thresholds: classNames.map((_, index) => thresholds[index] ?? thresholds[0] ?? 0),
    costs: costs === undefined ? null : await readCosts(costs, classes),
    abstentionCost: abstentionCost ?? null,
  };
}

async function readCosts(path: string, classes: number): Promise<number[][]> {
  try {
    const stored: unknown = JSON.parse(decodeText(await readFile(path)));
    const costs = z.array(z.array(z.number().min(0))).parse(stored);
    if (isSquare(costs, classes)) return costs;
    throw new Error('wrong number of rows or columns');
  } catch (error) {
    const hint = `--costs needs a JSON file with ${classes} lists of ${classes} numbers, none below 0`;
    throw new ToolkitError('USAGE', { message: `${path}: ${complaintOf(error)}`, hint }, { cause: error });
  }
}

function usage(message: string, hint: string): ToolkitError {
  return new ToolkitError('USAGE', { message, hint });
}

function validationSplitOf({ description: { data } }: Checkpoint, prepared: PreparedData): Int32Array {
  const { validation } = splitOf(prepared, data.validationSplit, data.splitSeed);
  if (validation.length > 0) return validation;
  throw usage(
    'the model was trained without a validation split, so there are no images to calibrate on',
    'train with --validation-split 0.1',
  );
}

/** Probabilities of images that a model was trained on are too high, and who trained an imported model may have taken any. */
function warnOfOrigin({ origin, data }: Checkpoint['description'], { emit }: StageContext): void {
  if (!origin) return;
  emit({
    event: 'warning',
    code: 'TRAINING_UNKNOWN',
    message: `the imported model may have been trained on the validation split of "${data.dataset}", which it is calibrated on`,
    hint: 'if so, rely on the figures of the test images, or collect images that it has not seen as a data set',
  });
}

async function score(
  checkpoint: Checkpoint,
  images: LabelledImages,
  indices: Int32Array,
  how: Pick<ClassifyOptions, 'signal' | 'mode'>,
): Promise<Scored> {
  const { pixels, labels } = selectImages(images, indices);
  return { logits: await classifyPixels(checkpoint, pixels, how), labels };
}

/**
 * Costs need probabilities as they are in the data, and a model whose classes were balanced in training overestimates the rare ones: so the
 * costs of each class are multiplied by what its probabilities lack. Where an expected cost is compared with that of a person, that
 * will not do, and a warning says so.
 */
function correctedFor(
  { description: { config } }: Checkpoint,
  policy: DecisionPolicy,
  scored: ScoredExamples,
  { emit }: Pick<StageContext, 'emit'>,
): DecisionPolicy {
  const isBalanced = config['classWeights'] !== undefined || config['sampling'] === 'balanced';
  if (!isBalanced || policy.costs === null) return policy;
  if (policy.abstentionCost === null) {
    const factors = classFactors(scored);
    return { ...policy, costs: policy.costs.map((row, label) => row.map((cost) => cost * factors[label]!)) };
  }
  emit({
    event: 'warning',
    code: 'COSTS_BIASED',
    message:
      'the model was trained with balanced classes, so that expected costs of its rare classes are too high',
    hint: 'train without --class-weights and --sampling balanced to use --abstention-cost',
  });
  return policy;
}

/** For each class, the lowest threshold that reaches the target accuracy. */
function withTarget(
  policy: DecisionPolicy,
  target: number | undefined,
  scored: ScoredExamples,
): DecisionPolicy {
  if (target === undefined) return policy;
  const judgements = judgementsOf(rowsOf(scored), scored.labels);
  const thresholds = policy.classNames.map((_, index) => {
    const own = judgements.filter(({ predicted }) => predicted === index);
    // Where no threshold is high enough, every image is sent to a person.
    return thresholdForAccuracy(own, target) ?? 1;
  });
  return { ...policy, thresholds };
}

/** How a temperature and a policy do on some images. */
function measure(
  split: MeasuredDecision['split'],
  scored: Scored,
  temperature: number,
  policy: DecisionPolicy,
  prices: Prices,
): MeasuredDecision {
  const [before, after] = [1, temperature].map((divisor) => scoredAt(scored, divisor));
  const outcome = {
    before: decisionOutcome(after!, plainPolicy(policy.classNames), prices),
    after: decisionOutcome(after!, policy, prices),
  };
  const calibrated = judgementsOf(rowsOf(after!), scored.labels);
  return {
    split,
    n: scored.labels.length,
    accuracy: accuracyOf(predictionsOf(after!), scored.labels),
    loss: { before: mean(logLosses(before!)), after: mean(logLosses(after!)) },
    expectedCalibrationError: {
      before: expectedCalibrationError(judgementsOf(rowsOf(before!), scored.labels)),
      after: expectedCalibrationError(calibrated),
    },
    policy: coverageOf(outcome.after),
    outcome,
    curve: coverageCurve(calibrated, COVERAGES),
  };
}

function scoredAt({ logits, labels }: Scored, temperature: number): ScoredExamples {
  return scoreLogits(logits, labels, logits.length / labels.length, temperature);
}
