import { readCheckpoint } from '../../artifacts/checkpoint.js';
import { resolveCheckpoint } from '../../artifacts/run.js';
import { ToolkitError } from '../../core/errors.js';
import { silentContext, type StageContext } from '../../core/events.js';
import { pixelsPerImage, type ImageShape } from '../../core/images.js';
import { readImage, type PictureSource } from '../../data/imaging/foreign-picture.js';
import { likenessOf, type ImageLikeness } from '../../data/likeness/likeness.js';
import { executionMode } from '../../engine/backends/options.js';
import { nameDecision, type NamedDecision } from '../../evaluation/decisions/named-decision.js';
import { applyRuleToRows } from '../../evaluation/decisions/rule.js';
import { startForModels } from '../../models/onnx/start.js';
import { createPredictor } from '../../serving/predictor.js';
import { namesOfMembers } from '../evaluate/ensemble-members.js';
import { loadDecidingModel } from './load-deciding-model.js';
import type { OpenOptions } from './open-options.js';

/** What a model decided about an image; with its likeness to the training images where that is known. */
export type ImageDecision = NamedDecision & Partial<ImageLikeness>;

/** A model that stays in memory to classify images as they come. */
export interface OpenModel {
  checkpoint: string;
  run: string;
  model: string;
  backend: string;
  device: string;
  classNames: readonly string[];
  /** The images that it takes. */
  shape: ImageShape;
  /**
   * Classifies one image; a small model computes it on the calling thread, in less time than another thread takes to start.
   *
   * @param pixels from 0 to 255: [height, width, channels]
   */
  classify(pixels: Uint8Array): Promise<ImageDecision>;
  /**
   * Classifies several images.
   *
   * @param pixels from 0 to 255: [images, height, width, channels]
   */
  classifyAll(pixels: Uint8Array): Promise<ImageDecision[]>;
  /** Reads a picture and makes it into the pixels of an image for this model. Throws PICTURE_UNREADABLE. */
  read(picture: PictureSource): Promise<Uint8Array>;
  /** Gives its memory back; what is being classified ends first. */
  close(): void;
}

/**
 * Stage 6, in a program: opens a model that classifies images as they come, as `mnist serve` does.
 *
 * @param name a checkpoint file, a run's folder or name, or `latest`
 *
 * Throws CHECKPOINT_MISSING, CHECKPOINT_CORRUPT, CHECKPOINT_REFUSED, DECISION_INVALID, and what `startBackend` throws.
 */
export async function openModel(
  name: string,
  options: OpenOptions,
  context: StageContext = silentContext(),
): Promise<OpenModel> {
  const checkpoint = await readCheckpoint(await resolveCheckpoint(name, options.checkpointsDir));
  const { description } = checkpoint;
  const { shape, classNames } = description;
  const backend = await startForModels([checkpoint], options, context, options);
  const predictor = await createPredictor(
    checkpoint,
    options.maxBatch,
    (loaded, images) => loadDecidingModel(loaded, images, options, context),
    { mode: executionMode(options), mostAtOnce: Infinity },
  );
  const { rule } = predictor;
  const size = pixelsPerImage(shape);
  let isOpen = true;

  const decide = async (pixels: Uint8Array): Promise<ImageDecision[]> => {
    const logits = await predictor.predict(pixels, pixels.length / size);
    const likenesses = rule.likeness && likenessOf(pixels, shape, rule.likeness);
    return applyRuleToRows(logits, rule).map((verdict, row) => ({
      ...nameDecision(verdict, classNames, options.top),
      ...likenesses?.[row],
    }));
  };
  return {
    ...namesOfMembers([checkpoint]),
    backend: backend.name,
    device: backend.device,
    classNames,
    shape,
    async classify(pixels) {
      requireOpen(isOpen);
      requireImages(pixels, shape, 1);
      const [decision] = await decide(pixels);
      return decision!;
    },
    async classifyAll(pixels) {
      requireOpen(isOpen);
      requireImages(pixels, shape);
      const decisions: ImageDecision[] = [];
      for (let start = 0; start < pixels.length; start += options.maxBatch * size) {
        requireOpen(isOpen);
        decisions.push(...(await decide(pixels.subarray(start, start + options.maxBatch * size))));
      }
      return decisions;
    },
    async read(picture) {
      return (await readImage(picture, description, options.prepare)).pixels;
    },
    close() {
      if (isOpen) predictor.close();
      isOpen = false;
    },
  };
}

function requireOpen(isOpen: boolean): void {
  if (isOpen) return;
  throw new ToolkitError('USAGE', {
    message: 'the model is closed',
    hint: 'close it when nothing is classified any more',
  });
}

/** @param count undefined: any number of images */
function requireImages(pixels: unknown, shape: ImageShape, count?: number): void {
  const { width, height, channels } = shape;
  const size = pixelsPerImage(shape);
  const hint = `an image of the model is ${height}×${width}×${channels}: ${size} bytes, from 0 to 255, row by row`;
  if (!(pixels instanceof Uint8Array)) {
    throw new ToolkitError('USAGE', { message: 'pixels are a Uint8Array or a Buffer', hint });
  }
  const isWhole = count === undefined ? pixels.length % size === 0 : pixels.length === count * size;
  if (isWhole) return;
  const whole = count === undefined ? 'whole images' : 'one image';
  throw new ToolkitError('USAGE', { message: `${pixels.length} bytes are not ${whole}`, hint });
}
