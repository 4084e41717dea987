import { z } from 'zod';

import { pixelsPerImage } from '../core/images.js';
import { dense } from './layers/dense.js';
import { flatten } from './layers/flatten.js';
import { sequence } from './layers/sequence.js';
import { defineModel } from './model.js';
import { activationOption, initializerOption } from './options.js';

/** A multilayer perceptron: fully connected layers with activations, such as the article's 784-128-64-10. */
export const mlp = defineModel({
  name: 'mlp',
  summary: 'fully connected network; the article’s is 784-128-64-10',
  source: 'Rumelhart, Hinton and Williams, “Learning representations by back-propagating errors”, 1986',
  measured: {
    configuration: 'configs/mlp.json',
    accuracy: 0.97962,
    seeds: 5,
    seconds: 4.3,
    machine: '2 cores',
  },
  options: z.strictObject({
    hiddenLayers: z
      .array(z.int().min(1).max(65_536))
      .max(64)
      .default([128, 64])
      .meta({ description: 'units of the hidden layers' }),
    activation: activationOption,
    initializer: initializerOption('fan-in-uniform'),
  }),
  build({ hiddenLayers, activation, initializer }, { shape, classes }) {
    const sizes = [pixelsPerImage(shape), ...hiddenLayers, classes];
    const layers = sizes.slice(1).map((units, index) => {
      const isLast = index === hiddenLayers.length;
      return dense({
        name: `dense${index + 1}`,
        inputs: sizes[index] ?? 0,
        units,
        activation: isLast ? undefined : activation,
        initializer,
      });
    });
    const image = [shape.height, shape.width, shape.channels];
    return sequence(`${sizes.join('-')}, ${activation}`, [flatten(image), ...layers]);
  },
});
