import { tensor4d, tidy, type Tensor4D } from '@tensorflow/tfjs-core';
import { onTestFinished } from 'vitest';

import type { Checkpoint } from '../../src/artifacts/checkpoint.js';
import { silentContext } from '../../src/core/events.js';
import { pixelsPerImage, type ImageShape, type LabelledImages } from '../../src/core/images.js';
import { Random } from '../../src/core/random.js';
import type { DeploymentSource } from '../../src/deployment/source.js';
import { softmaxRows } from '../../src/evaluation/probabilities.js';
import { models } from '../../src/models/index.js';
import { features } from '../../src/models/features/index.js';
import { buildModelOnFeatures } from '../../src/models/load-model.js';
import { TrainingVariables } from '../../src/models/variables.js';
import { startOnCpu } from './backends.js';
import { checkpointDescription } from './checkpoints.js';

/** A model that was not trained, as targets take it, with some images and its own answers for them. */
export interface Exported {
  source: DeploymentSource;
  images: LabelledImages;
  probabilities: Float64Array;
}

/** Builds a model on the TensorFlow backend; its variables live until the test has finished. */
export async function untrainedSource(
  name: string,
  options: object = {},
  {
    shape = { height: 28, width: 28, channels: 1 },
    count = 5,
    shown = { name: 'raw' },
  }: { shape?: ImageShape; count?: number; shown?: { name: string } } = {},
): Promise<Exported> {
  const backend = await startOnCpu('tensorflow');
  const preprocessing = { scaling: 'minus-one-one', scale: 2 / 255, offset: -1 };
  const random = new Random(1, 'pixels');
  const size = pixelsPerImage(shape);
  const pixels = Uint8Array.from({ length: count * size }, () => random.integer(256));
  const images = { count, shape, pixels, labels: new Uint8Array(count) };
  const settings = { name, ...models.require(name).options.parse(options) };
  const indices = Int32Array.from({ length: count }, (_, index) => index);
  const fitting = { images, indices, scaling: preprocessing, seed: 3 };
  const fitted = features.require(shown.name).fit?.(shown as never, fitting);
  const model = buildModelOnFeatures(settings as never, shown as never, { shape, classes: 3 }, fitted);
  const variables = new TrainingVariables(model, [], 3);
  onTestFinished(() => {
    variables.dispose();
  });
  const description = checkpointDescription({ shape, classNames: ['a', 'b', 'c'], preprocessing });
  const forward = (input: Tensor4D): ReturnType<typeof model.apply> => model.apply(input, variables.values());
  const logits = tidy(() => {
    const scaled = Float32Array.from(pixels, (pixel) => (pixel * 2) / 255 - 1);
    return forward(
      tensor4d(scaled, [count, shape.height, shape.width, shape.channels]),
    ).dataSync<'float32'>();
  });
  const context = silentContext();
  const checkpoint = { description } as Checkpoint;
  // Exports need no more of a source than this.
  const source = {
    checkpoint,
    backend,
    forward,
    context,
    calibration: images,
  } as unknown as DeploymentSource;
  return { source, images, probabilities: softmaxRows(logits, 3) };
}
