import { join } from 'node:path';

import { tensor4d, tidy, type Tensor4D } from '@tensorflow/tfjs-core';
import { onTestFinished } from 'vitest';

import { readCheckpoint, writeCheckpoint, type Checkpoint } from '../../src/artifacts/checkpoint.js';
import { silentContext } from '../../src/core/events.js';
import { pixelsPerImage, type ImageShape, type LabelledImages } from '../../src/core/images.js';
import { Random } from '../../src/core/random.js';
import type { DeploymentSource } from '../../src/deployment/source.js';
import { classesOf, softmaxRows } from '../../src/evaluation/probabilities.js';
import { classifyImages } from '../../src/models/classify-images.js';
import { models } from '../../src/models/index.js';
import { features } from '../../src/models/features/index.js';
import { buildModelOnFeatures } from '../../src/models/load-model.js';
import { TrainingVariables } from '../../src/models/variables.js';
import { trainingRecipe } from '../../src/stages/deploy/training-recipe.js';
import { startOnCpu } from './backends.js';
import { checkpointDescription } from './checkpoints.js';

/** A model that was not trained, as targets take it, with some images and its own answers for them. */
export interface Exported {
  source: DeploymentSource;
  images: LabelledImages;
  probabilities: Float64Array;
}

/**
 * Builds a model on the TensorFlow backend; its variables live until the test has finished.
 *
 * @param setting `folder` is where its checkpoint is written, for targets that copy it; without it there is no file
 */
export async function untrainedSource(
  name: string,
  options: object = {},
  {
    shape = { height: 28, width: 28, channels: 1 },
    count = 5,
    shown = { name: 'raw' },
    folder,
  }: { shape?: ImageShape; count?: number; shown?: { name: string }; folder?: string } = {},
): Promise<Exported> {
  const backend = await startOnCpu('tensorflow');
  const preprocessing = { scaling: 'minus-one-one', scale: 2 / 255, offset: -1 };
  const random = new Random(1, 'pixels');
  const size = pixelsPerImage(shape);
  const pixels = Uint8Array.from({ length: count * size }, () => random.integer(256));
  const images = { count, shape, pixels, labels: new Uint8Array(count) };
  const parsed = models.require(name).options.parse(options);
  const settings = { name, ...parsed };
  const indices = Int32Array.from({ length: count }, (_, index) => index);
  const fitting = { images, indices, scaling: preprocessing, seed: 3 };
  const fitted = features.require(shown.name).fit?.(shown as never, fitting);
  const model = buildModelOnFeatures(settings as never, shown as never, { shape, classes: 3 }, fitted);
  const variables = new TrainingVariables(model, [], 3);
  onTestFinished(() => {
    variables.dispose();
  });
  const description = checkpointDescription({
    shape,
    classNames: ['a', 'b', 'c'],
    preprocessing,
    config: { dataset: 'mnist', model: name, ...parsed, features: shown.name },
    model: { name, description: model.description, parameters: 0 },
  });
  const forward = (input: Tensor4D): ReturnType<typeof model.apply> => model.apply(input, variables.values());
  const logits = tidy(() => {
    const scaled = Float32Array.from(pixels, (pixel) => (pixel * 2) / 255 - 1);
    return forward(
      tensor4d(scaled, [count, shape.height, shape.width, shape.channels]),
    ).dataSync<'float32'>();
  });
  const context = silentContext();
  const tensors = await variables.store();
  const checkpoint: Checkpoint = { path: join(folder ?? '', 'model.safetensors'), description, tensors };
  if (folder !== undefined) await writeCheckpoint(checkpoint);
  const probabilities = softmaxRows(logits, 3);
  const predictions = Uint8Array.from(classesOf(logits, 3));
  const source: DeploymentSource = {
    ...{ checkpoint, backend, forward, variables, context, predictions },
    decision: undefined,
    calibration: images,
    test: images,
    probabilities: Float32Array.from(probabilities),
    accuracy: 0,
    loss: 0,
    describeTraining: () => Promise.resolve(''),
    trainingRecipe: (workers) => trainingRecipe(checkpoint, workers),
    async classifyCheckpoint(path, asked) {
      const read = await readCheckpoint(path);
      const { signal } = context;
      return Float32Array.from(softmaxRows(await classifyImages(read, asked, { signal, mode: 'eager' }), 3));
    },
  };
  return { source, images, probabilities };
}
