import { readCheckpoint, type Checkpoint } from '../../artifacts/checkpoint.js';
import type { PreparedData } from '../../artifacts/prepared.js';
import { resolveCheckpoint } from '../../artifacts/run.js';
import { ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { allIndices, inChannels, type LabelledImages } from '../../core/images.js';
import { labelsAt } from '../../evaluation/classify.js';
import { meanProbabilities } from '../../evaluation/ensemble.js';
import { scoreLogits, type ScoredExamples } from '../../evaluation/probabilities.js';
import { backendOptionsOf, executionMode, type BackendOptions } from '../../engine/backends/options.js';
import { classifyImages } from '../../models/classify-images.js';
import { preloadForModels } from '../../models/onnx/start.js';
import type { SplitName } from '../../evaluation/evaluation.js';
import type { EvaluateOptions } from './evaluate-options.js';
import { prepareData, splitOf } from '../preprocess/prepare-data.js';

/** A checkpoint, or the members of an ensemble, and the images that they are evaluated on. */
export interface EvaluationSubject {
  /** All have the classes and the image shape of the first. */
  members: readonly [Checkpoint, ...Checkpoint[]];
  data: PreparedData;
  dataset: string;
  /** Those that hold the split, and which of them it is. */
  images: LabelledImages;
  indices: Int32Array;
}

type SubjectOptions = Pick<EvaluateOptions, 'split' | 'dataset' | 'dataDir' | 'checkpointsDir'> &
  Partial<BackendOptions>;

/**
 * Finds a checkpoint and the images of a split.
 *
 * @param name a checkpoint file, a run's folder or name, or `latest`
 *
 * Throws CHECKPOINT_MISSING, CHECKPOINT_CORRUPT, CHECKPOINT_REFUSED, USAGE where the model was trained without the split, and
 * what the earlier stages throw.
 */
export async function openSubject(
  name: string,
  options: SubjectOptions,
  context: StageContext,
): Promise<EvaluationSubject> {
  const checkpoint = await readCheckpoint(await resolveCheckpoint(name, options.checkpointsDir));
  preloadForModels([checkpoint], options, context);
  const dataset = options.dataset ?? checkpoint.description.data.dataset;
  const data = await dataFor(checkpoint, dataset, options, context);
  warnOfOtherData(checkpoint, data, context);
  return {
    members: [checkpoint],
    data,
    dataset,
    ...chooseSplit(options.split, checkpoint, data),
  };
}

/** How images are classified. */
export type ScoreOptions = Pick<EvaluateOptions, 'engine' | 'testTimeAugmentation'>;

/** What each member makes of some images, one after the other. Throws as `scoreImages`. */
export async function scoreByMembers(
  { members }: { members: readonly Checkpoint[] },
  { images, indices }: Pick<EvaluationSubject, 'images' | 'indices'>,
  options: ScoreOptions,
  { signal }: StageContext,
): Promise<ScoredExamples[]> {
  const { testTimeAugmentation } = options;
  const how = { signal, indices, mode: executionMode(options), testTimeAugmentation };
  const labels = labelsAt(images.labels, indices);
  const scores: ScoredExamples[] = [];
  for (const member of members) {
    const logits = await classifyImages(member, images, how);
    scores.push(scoreLogits(logits, labels, member.description.classNames.length));
  }
  return scores;
}

/**
 * The probabilities that some images are given, on the backend that was started: of several checkpoints their mean. Throws
 * CHECKPOINT_REFUSED, and the signal's reason when aborted.
 */
export async function scoreImages(
  subject: { members: readonly Checkpoint[] },
  split: Pick<EvaluationSubject, 'images' | 'indices'>,
  options: ScoreOptions,
  context: StageContext,
): Promise<ScoredExamples> {
  return meanProbabilities(await scoreByMembers(subject, split, options, context));
}

/**
 * A data set as a checkpoint takes it: grey images are shown to a model in colour with their value in each channel, as pictures are. Throws
 * what `prepareData` throws, and CHECKPOINT_REFUSED where the model was trained for other images or classes.
 */
export async function dataFor(
  checkpoint: Checkpoint,
  dataset: string,
  options: Partial<BackendOptions> & { dataDir: string },
  context: StageContext,
): Promise<PreparedData> {
  const { dataDir } = options;
  return fitting(checkpoint, await prepareData({ dataset, dataDir, ...backendOptionsOf(options) }, context));
}

function fitting({ path, description }: Checkpoint, data: PreparedData): PreparedData {
  const { shape, classNames, dataset } = data;
  const { height, width, channels } = description.shape;
  const trained = `${height}×${width}×${channels}`;
  const isShown = shape.channels === channels || shape.channels === 1;
  const found = `${shape.height}×${shape.width}×${isShown ? channels : shape.channels}`;
  if (trained !== found) {
    const reason = `trained on images of ${trained}, and ${dataset} has ${shape.height}×${shape.width}×${shape.channels}`;
    throw new ToolkitError('CHECKPOINT_REFUSED', { path, reason });
  }
  if (description.classNames.length !== classNames.length) {
    const reason = `trained for ${description.classNames.length} classes, and ${dataset} has ${classNames.length}`;
    throw new ToolkitError('CHECKPOINT_REFUSED', { path, reason });
  }
  return shape.channels === channels ? data : inColour(data, channels);
}

/** Images are copied when they are asked for: few commands look at those of both files. */
function inColour(data: PreparedData, channels: number): PreparedData {
  let train: LabelledImages | undefined;
  let test: LabelledImages | undefined;
  return {
    ...data,
    shape: { ...data.shape, channels },
    get train() {
      return (train ??= inChannels(data.train, channels));
    },
    get test() {
      return (test ??= inChannels(data.test, channels));
    },
  };
}

/** Warns where a data set is not the one of its name that a model was trained on. */
export function warnOfOtherData(
  { description }: Checkpoint,
  data: PreparedData,
  { emit }: StageContext,
): void {
  const { dataset, fingerprint } = description.data;
  // Nobody knows what an imported model was trained on.
  if (description.origin || dataset !== data.dataset || fingerprint === data.fingerprint) return;
  emit({
    event: 'warning',
    code: 'DATA_CHANGED',
    message: `the data set "${dataset}" is not the one that the checkpoint was trained on`,
    hint: 'its training and validation splits are other images; collect the original again to compare',
  });
}

/** Selects the images of a split: the test images, or the split that the checkpoint was trained with. Throws USAGE if that split is empty. */
export function chooseSplit(
  split: SplitName,
  { description: { data } }: Checkpoint,
  prepared: PreparedData,
): { images: LabelledImages; indices: Int32Array } {
  const { train, test } = prepared;
  if (split === 'test') {
    return { images: test, indices: allIndices(test.count) };
  }
  const indices = splitOf(prepared, data.validationSplit, data.splitSeed)[split];
  if (indices.length > 0) return { images: train, indices };
  throw new ToolkitError('USAGE', {
    message: `--split ${split}: the model was trained without a ${split} split`,
    hint: 'use --split test',
  });
}
