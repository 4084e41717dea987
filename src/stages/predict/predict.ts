import { z } from 'zod';

import { readCheckpoint, type Checkpoint, type CheckpointDescription } from '../../artifacts/checkpoint.js';
import { resolveCheckpoint } from '../../artifacts/run.js';
import { asToolkitError, type ToolkitError } from '../../core/errors.js';
import { silentContext, type StageContext } from '../../core/events.js';
import { allIndices, pixelsPerImage, rowOf, type LabelledImages } from '../../core/images.js';
import { nameDecision, type NamedDecision } from '../../evaluation/decisions/named-decision.js';
import {
  applyRuleToRows,
  judge,
  plainRule,
  type DecisionRule,
  type Verdict,
} from '../../evaluation/decisions/rule.js';
import { rowsOf as probabilityRows } from '../../evaluation/probabilities.js';
import { likenessOf } from '../../data/likeness/likeness.js';
import type { PreparedPicture } from '../../data/imaging/prepare.js';
import { backendOptions, executionMode } from '../../engine/backends/options.js';
import { classifyPixels, unlabelledImages } from '../../models/classify-pixels.js';
import { preloadForModels, startForModels } from '../../models/onnx/start.js';
import { namesOfMembers, readMember } from '../evaluate/ensemble-members.js';
import { scoreImages } from '../evaluate/evaluation-subject.js';
import { readImage, type PictureSource } from '../../data/imaging/foreign-picture.js';
import { loadDecisionRule } from '../../evaluation/decisions/load-decision.js';
import {
  checkpointsDirOption,
  pluginOptions,
  testTimeAugmentationOption,
} from '../../core/config/common-options.js';
import { prepareOption } from './predict-options.js';

/** The options of `predict`, beside the checkpoint and the pictures. */
export const predictFields = z.strictObject({
  top: z.int().min(1).max(256).default(3).meta({ description: 'number of most likely classes to show' }),
  show: z.boolean().default(false).meta({ description: 'draw the image as the model sees it' }),
  prepare: prepareOption,
  with: z.array(z.string().min(1)).max(64).default([]).meta({
    description: 'more checkpoints: predict with the mean of all probabilities',
    placeholder: 'CHECKPOINT',
  }),
  testTimeAugmentation: testTimeAugmentationOption,
  checkpointsDir: checkpointsDirOption,
  ...pluginOptions,
  ...backendOptions,
});

export type PredictOptions = z.output<typeof predictFields>;

/** The prediction for a picture. */
export interface Prediction extends NamedDecision {
  picture: string;
  /** Whether the picture was dark on light, and so was inverted. */
  inverted: boolean;
  /** Whether it is unlike the training images, so that the prediction cannot be relied on; missing where that is not known. */
  unlike?: boolean;
  /** How far it is from the training images: 1 is the limit. */
  distance?: number;
  /** What the model saw, row by row, pixels from 0 to 255 (of colour pictures their mean); only if it was asked for. */
  seen?: number[][];
}

/** What became of some pictures. */
export interface Predictions {
  /** Of several, all of them, joined by " + "; the same for their runs and models. */
  checkpoint: string;
  run: string;
  model: string;
  backend: string;
  device: string;
  /** In the order of the pictures, without those that could not be classified. */
  predictions: Prediction[];
  /** The pictures that could not be classified, and why. */
  failures: { picture: string; error: ToolkitError }[];
}

/**
 * Stage 6: classifies pictures with a checkpoint. A picture that cannot be classified is among the failures, and keeps none of
 * the others from being classified.
 *
 * @param name a checkpoint file, a run's folder or name, or `latest`
 *
 * Throws CHECKPOINT_MISSING, CHECKPOINT_CORRUPT, CHECKPOINT_REFUSED (also where those `with` it classify something else), and what
 * `startBackend` throws.
 */
export async function predict(
  name: string,
  pictures: readonly PictureSource[],
  options: PredictOptions,
  context: StageContext = silentContext(),
): Promise<Predictions> {
  const checkpoint = await readCheckpoint(await resolveCheckpoint(name, options.checkpointsDir));
  const { description, path } = checkpoint;
  const members = [checkpoint];
  for (const other of options.with) members.push(await readMember(other, checkpoint, options.checkpointsDir));
  preloadForModels(members, options, context);
  const { prepared, failures } = await preparePictures(pictures, description, options, context);
  const { classNames } = description;
  const isAlone = members.length === 1;
  const rule = isAlone ? await loadDecisionRule(path, description, context) : plainRule(classNames);
  const backend = await startForModels(members, options, context, options);
  const pixels = Buffer.concat(prepared.map(({ image }) => image.pixels));
  const verdicts = isAlone
    ? await judgeAlone(checkpoint, pixels, rule, options, context)
    : await judgeTogether(members, unlabelledImages(pixels, description.shape), rule, options, context);
  const { likeness } = rule;
  const likenesses = likeness && likenessOf(pixels, description.shape, likeness);
  return {
    ...namesOfMembers(members),
    backend: backend.name,
    device: backend.device,
    predictions: prepared.map(({ name: picture, image }, row) => ({
      picture,
      ...nameDecision(verdicts[row]!, classNames, options.top),
      inverted: image.inverted,
      ...likenesses?.[row],
      ...(options.show ? { seen: rowsOf(image) } : {}),
    })),
    failures,
  };
}

async function judgeAlone(
  checkpoint: Checkpoint,
  pixels: Uint8Array,
  rule: DecisionRule,
  options: PredictOptions,
  { signal }: StageContext,
): Promise<Verdict[]> {
  const { testTimeAugmentation } = options;
  const how = { signal, mode: executionMode(options), testTimeAugmentation };
  return applyRuleToRows(await classifyPixels(checkpoint, pixels, how), rule);
}

/** What is decided by the mean of several checkpoints' probabilities. */
async function judgeTogether(
  members: readonly Checkpoint[],
  images: LabelledImages,
  { policy }: DecisionRule,
  options: PredictOptions,
  context: StageContext,
): Promise<Verdict[]> {
  if (images.count === 0) return [];
  const split = { images, indices: allIndices(images.count) };
  const scored = await scoreImages({ members }, split, options, context);
  return probabilityRows(scored).map((probabilities) => judge(probabilities, policy));
}

/** A picture's name, and the image that it became. */
export interface NamedImage {
  name: string;
  image: PreparedPicture;
}

/** Makes pictures into images for a model; what cannot be made is among the failures. */
export async function preparePictures(
  pictures: readonly PictureSource[],
  description: CheckpointDescription,
  { prepare }: Pick<PredictOptions, 'prepare'>,
  { signal, emit }: StageContext,
): Promise<{ prepared: NamedImage[]; failures: Predictions['failures'] }> {
  const prepared: NamedImage[] = [];
  const failures: Predictions['failures'] = [];
  const total = pictures.length;
  for (const [done, picture] of pictures.entries()) {
    signal.throwIfAborted();
    emit({ event: 'progress', task: 'images read', done, total, unit: 'images' });
    try {
      prepared.push({ name: picture.name, image: await readImage(picture, description, prepare) });
    } catch (error) {
      failures.push({ picture: picture.name, error: asToolkitError(error) });
    }
  }
  emit({ event: 'progress', task: 'images read', done: total, total, unit: 'images' });
  return { prepared, failures };
}

function rowsOf({ pixels, shape }: PreparedPicture): number[][] {
  const { width, height, channels } = shape;
  if (pixels.length !== pixelsPerImage(shape)) throw new Error('the pixels are not those of the shape');
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (__, x) => {
      const pixel = rowOf(pixels, y * width + x, channels);
      return Math.round(pixel.reduce((sum, value) => sum + value, 0) / channels);
    }),
  );
}
