import { z } from 'zod';

import { ToolkitError } from '../core/errors.js';
import { elementCount, type ImageShape } from '../core/images.js';
import { convolution } from './layers/convolution.js';
import { dense } from './layers/dense.js';
import { dropout } from './layers/dropout.js';
import { flatten } from './layers/flatten.js';
import type { MapShape } from './layers/layer.js';
import { maxPooling } from './layers/max-pooling.js';
import { sequence } from './layers/sequence.js';
import { defineModel } from './model.js';
import {
  activationOption,
  dropoutOption,
  filtersOption,
  initializerOption,
  kernelSizeOption,
} from './options.js';

/** The window size and stride of max pooling. */
const POOL_SIZE = 2;

/** A convolutional network; with the defaults, that of PyTorch's MNIST example. */
export const cnn = defineModel({
  name: 'cnn',
  summary: 'convolutional network, as in PyTorch’s MNIST example',
  source:
    'LeCun et al., “Gradient-based learning applied to document recognition”, 1998; pytorch/examples, mnist',
  measured: {
    configuration: 'configs/cnn.json',
    accuracy: 0.9938,
    seeds: 3,
    seconds: 128,
    machine: '2 cores',
  },
  options: z.strictObject({
    filters: filtersOption([32, 64], 'filters of each convolution'),
    kernelSize: kernelSizeOption,
    denseUnits: z
      .int()
      .min(1)
      .max(65_536)
      .default(128)
      .meta({ description: 'units of the dense hidden layer' }),
    convolutionDropout: dropoutOption(0.25, 'after the convolutions'),
    denseDropout: dropoutOption(0.5, 'before the output layer'),
    activation: activationOption,
    initializer: initializerOption('fan-in-uniform'),
  }),
  build(options, { shape, classes }) {
    const { filters, kernelSize, denseUnits, convolutionDropout, denseDropout, ...common } = options;
    requireLargeEnough(shape, filters.length, kernelSize);
    let inputShape: MapShape = [shape.height, shape.width, shape.channels];
    const convolutions = filters.map((count, index) => {
      const name = `convolution${index + 1}`;
      const layer = convolution({ name, inputShape, filters: count, kernelSize, ...common });
      inputShape = layer.outputShape;
      return layer;
    });
    const pooling = maxPooling(inputShape, POOL_SIZE);
    const inputs = elementCount(pooling.outputShape);
    const { initializer } = common;
    return sequence(describe(options, classes), [
      ...convolutions,
      pooling,
      dropout('dropout1', pooling.outputShape, convolutionDropout),
      flatten(pooling.outputShape),
      dense({ name: 'dense1', inputs, units: denseUnits, ...common }),
      dropout('dropout2', [denseUnits], denseDropout),
      dense({ name: 'dense2', inputs: denseUnits, units: classes, initializer }),
    ]);
  },
});

interface Structure {
  filters: readonly number[];
  kernelSize: number;
  denseUnits: number;
  activation: string;
}

function describe({ filters, kernelSize, denseUnits, activation }: Structure, classes: number): string {
  return `${filters.length} conv layers (${filters.join('-')}, ${kernelSize}×${kernelSize}), max pooling, dense ${denseUnits}-${classes}, ${activation}`;
}

function requireLargeEnough({ height, width }: ImageShape, convolutions: number, kernelSize: number): void {
  const smallest = convolutions * (kernelSize - 1) + POOL_SIZE;
  if (Math.min(height, width) >= smallest) return;
  throw new ToolkitError('USAGE', {
    message: `images of ${height}×${width} are too small: ${convolutions} convolutions of ${kernelSize}×${kernelSize} with pooling need ${smallest}×${smallest}`,
    hint: 'use fewer --filters, a smaller --kernel-size or --model mlp',
  });
}
