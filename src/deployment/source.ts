import type { Checkpoint } from '../artifacts/checkpoint.js';
import type { StoredDecision } from '../artifacts/decision.js';
import type { RunFolder } from '../artifacts/run.js';
import type { Signature } from '../artifacts/manifest.js';
import type { ActiveBackend } from '../engine/backends/backend.js';
import type { StageContext } from '../core/events.js';
import { pixelsPerImage, selectImages, type LabelledImages } from '../core/images.js';
import type { Forward } from '../engine/running/program.js';
import type { TrainingVariables } from '../models/variables.js';

/** A trained model with its predictions, as targets need it. */
export interface DeploymentSource {
  checkpoint: Checkpoint;
  /** What `calibrate` stored beside it, if that is for this checkpoint. */
  decision: StoredDecision | undefined;
  backend: ActiveBackend;
  /** Where an export reports what it does, and what ends it. */
  context: StageContext;
  /** The text of `reference.json`: what the server compares requests with, to see drift. */
  describeTraining(): Promise<string>;
  /** Scaled images to logits, with the weights on the device. */
  forward: Forward;
  variables: TrainingVariables;
  /** The test images with the model's predictions. */
  test: LabelledImages;
  probabilities: Float32Array;
  predictions: Uint8Array;
  accuracy: number;
  loss: number;
  /** Some images, on which an export may measure what values a model computes: of the training images, or of the test images where those are private. */
  calibration: LabelledImages;
  /**
   * How the checkpoint's run is trained again with so many workers. Throws EXPORT_UNSUPPORTED for a model that was imported, WORKERS_UNSUPPORTED,
   * PLUGIN_NEEDED, PLUGIN_CHANGED and USAGE.
   */
  trainingRecipe(workers: number): Promise<TrainingRecipe>;
  /** Loads a checkpoint file, as the server would, and gives its probabilities for images. */
  classifyCheckpoint(path: string, images: LabelledImages): Promise<Float32Array>;
}

/** How a run is trained again, on other machines. */
export interface TrainingRecipe {
  /** Its options as a configuration file of `mnist train`: without those that say where things are and what computes. */
  options: Readonly<Record<string, unknown>>;
  dataset: string;
  /** The folder of the run, whose last checkpoint training goes on from; undefined where the deployed one is not in it. */
  folder: RunFolder | undefined;
}

/** An export that can classify, so that it can be compared with the checkpoint. */
export interface ExportedModel {
  /** The name of the engine: "onnxruntime-web 1.30.0, WebAssembly". */
  engine: string;
  signature: Signature;
  /** Probabilities of images, row by row, from the written files alone. */
  classify(images: LabelledImages): Promise<Float32Array>;
  /** Frees what it holds. */
  dispose(): Promise<void>;
  /** How many points of accuracy (of 100) an inexact export may lose; left out, the probabilities must agree. */
  accuracyLoss?: number;
  /** All forms, where it has several; the first is the one above. */
  variants?: readonly ExportedVariant[];
}

/** A further form of an export, in a file of its own. */
export interface ExportedVariant {
  name: string;
  /** Its file, from the export's folder on. */
  path: string;
  /** As of an `ExportedModel`. */
  accuracyLoss?: number | undefined;
  /** Classifies images with the written file, as an `ExportedModel` does. */
  classify(images: LabelledImages): Promise<Float32Array>;
}

/** Images of a set, evenly spread over it. */
export function spreadImages(images: LabelledImages, most: number): LabelledImages {
  const { count } = images;
  const taken = Math.min(count, most);
  return selectImages(
    images,
    Array.from({ length: taken }, (_, index) => Math.floor((index * count) / taken)),
  );
}

/** The first images of a set. */
export function firstImages(images: LabelledImages, most: number): LabelledImages {
  return imagesBetween(images, 0, Math.min(images.count, most));
}

/** A view of the images of a set from one index up to another, which is not included. */
export function imagesBetween(
  { shape, pixels, labels }: LabelledImages,
  start: number,
  end: number,
): LabelledImages {
  const size = pixelsPerImage(shape);
  return {
    count: end - start,
    shape,
    pixels: pixels.subarray(start * size, end * size),
    labels: labels.subarray(start, end),
  };
}
