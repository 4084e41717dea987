import { tensor4d, tidy, type Tensor4D } from '@tensorflow/tfjs-core';

import type { Checkpoint } from '../artifacts/checkpoint.js';
import { meanOfViews, viewsOf, withViews } from './augmentation/views.js';
import { hostInputs, placeOnDevice } from '../engine/running/device-images.js';
import { allIndices, type LabelledImages } from '../core/images.js';
import { inferenceProgram, type ExecutionMode } from '../engine/running/prepare.js';
import type { Forward } from '../engine/running/program.js';
import { requireFinite } from './finite-outputs.js';
import { loadModel } from './load-model.js';
import type { OnnxClassifier } from './onnx/classifier.js';
import { isOnnx } from './onnx/settings.js';
import { withOnnx } from './onnx/shared.js';

export interface ClassifyOptions {
  signal: AbortSignal;
  /** The images to classify, in this order; all by default. */
  indices?: Int32Array;
  /** The execution mode of the forward pass; by default the best one for the backend. */
  mode?: ExecutionMode | undefined;
  /** Whether to average the probabilities over several views of each image. */
  testTimeAugmentation?: boolean;
}

/**
 * Computes the logits of a checkpoint's model for images, row by row, on what `startForModels` has started. Throws
 * CHECKPOINT_REFUSED, also where they are not numbers, and the signal's reason when aborted.
 */
export async function classifyImages(
  checkpoint: Checkpoint,
  images: LabelledImages,
  { signal, mode, indices = allIndices(images.count), testTimeAugmentation = false }: ClassifyOptions,
): Promise<Float32Array> {
  const { preprocessing, classNames } = checkpoint.description;
  if (isOnnx(checkpoint.description)) {
    return classifyWithOnnx(checkpoint, images, { signal, indices, testTimeAugmentation });
  }
  const { model, variables } = loadModel(checkpoint);
  const placed = placeOnDevice(images, preprocessing);
  const plain: Forward = (batch) => model.apply(batch, variables.values());
  const pass = testTimeAugmentation ? withViews(plain, preprocessing) : plain;
  const forward = inferenceProgram(pass, placed, classNames.length, mode);
  try {
    return requireFinite(await forward.run(indices, signal), checkpoint);
  } finally {
    forward.dispose();
    placed.dispose();
    variables.dispose();
  }
}

/** Images whose scaled pixels are in memory at a time. */
const IMAGES_AT_A_TIME = 1024;

async function classifyWithOnnx(
  checkpoint: Checkpoint,
  source: LabelledImages,
  { signal, indices, testTimeAugmentation }: Required<Omit<ClassifyOptions, 'mode'>>,
): Promise<Float32Array> {
  const { preprocessing: scaling, classNames } = checkpoint.description;
  return withOnnx(checkpoint, async (classifier) => {
    const logits = new Float32Array(indices.length * classNames.length);
    for (let start = 0; start < indices.length; start += IMAGES_AT_A_TIME) {
      const images = hostInputs({ source, scaling }, indices.subarray(start, start + IMAGES_AT_A_TIME));
      const found = testTimeAugmentation
        ? await classifyViews(classifier, images, checkpoint, signal)
        : await classifier.logits(images, signal);
      logits.set(found, start * classNames.length);
    }
    return requireFinite(logits, checkpoint);
  });
}

/** The same as `withViews`, view by view. */
async function classifyViews(
  classifier: OnnxClassifier,
  images: Float32Array,
  { description }: Checkpoint,
  signal: AbortSignal,
): Promise<Float32Array> {
  const { shape, preprocessing, classNames } = description;
  const { height, width, channels } = shape;
  const views = tidy(() => {
    const size = height * width * channels;
    const batch: Tensor4D = tensor4d(images, [images.length / size, height, width, channels]);
    return viewsOf(batch, preprocessing);
  });
  const answers: Float32Array[] = [];
  for (const view of views) {
    answers.push(await classifier.logits(await view.data<'float32'>(), signal));
    view.dispose();
  }
  return meanOfViews(answers, classNames.length);
}
