import type { LabelledImages } from '../../src/core/images.js';
import { Random } from '../../src/core/random.js';
import { mlp } from '../../src/models/mlp.js';
import type { Model } from '../../src/models/model.js';

/** A net of inputs-…hidden-classes, whose images are rows of `inputs` pixels. */
export function smallNet(inputs: number, hiddenLayers: number[], classes: number): Model {
  const options = mlp.options.parse({ hiddenLayers, activation: 'tanh' });
  return mlp.build(options, { shape: { height: 1, width: inputs, channels: 1 }, classes });
}

/** Images that can be learned: of each class's pixels, one is bright; the rest is noise. */
export function smallImages(count: number, inputs: number, classes: number): LabelledImages {
  const random = new Random(3, 'images');
  const labels = Uint8Array.from({ length: count }, () => random.integer(classes));
  const pixels = Uint8Array.from({ length: count * inputs }, () => random.integer(128));
  labels.forEach((label, row) => (pixels[row * inputs + label] = 255));
  return { count, shape: { height: 1, width: inputs, channels: 1 }, pixels, labels };
}
