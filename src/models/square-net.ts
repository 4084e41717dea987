import { z } from 'zod';

import { batchNormalization } from './layers/batch-normalization.js';
import { convolution } from './layers/convolution.js';
import { coveredSize } from './layers/covered-size.js';
import { dense } from './layers/dense.js';
import { dropout } from './layers/dropout.js';
import { flatten } from './layers/flatten.js';
import { chain, type MapLayer } from './layers/layer.js';
import { sequence } from './layers/sequence.js';
import { square } from './layers/square.js';
import { zeroPadding } from './layers/zero-padding.js';
import { defineModel } from './model.js';
import { dropoutOption, initializerOption, kernelSizeOption } from './options.js';

/** The squares of normalised values have long tails, so that training starts from smaller ones than it would with ReLU. */
const INITIAL_SCALE = 0.7;

/** The names of its layers, as parameters have them. */
export const squareNetLayers = {
  convolution: 'convolution',
  dense: 'dense',
  output: 'output',
} as const;

const options = z.strictObject({
  filters: z
    .array(z.int().min(1).max(4096))
    .length(1)
    .default([32])
    .meta({ description: 'filters of the convolution' }),
  kernelSize: kernelSizeOption.default(8).meta({ description: 'kernel size of the convolutions' }),
  stride: z.int().min(1).max(31).default(3).meta({ description: 'stride of the convolution, in pixels' }),
  denseUnits: z.int().min(1).max(65_536).default(64).meta({ description: 'units of the dense hidden layer' }),
  convolutionDropout: dropoutOption(0.15, 'after the convolutions'),
  initializer: initializerOption('he-normal'),
});

/** The options of a square net. */
export type SquareNetOptions = z.output<typeof options>;

/**
 * A network of additions and multiplications alone, so that it can be computed on encrypted images: a convolution with large windows and
 * few positions, a dense layer, both normalised and squared, and the output layer. Its depth is five multiplications.
 */
export const squareNet = defineModel({
  name: 'square-net',
  summary: 'squares as activations: can be computed on encrypted images',
  source:
    'Gilad-Bachrach et al., “CryptoNets: applying neural networks to encrypted data”, 2016 (squares); Brutzkus, Elisha and Gilad-Bachrach, “Low latency privacy preserving inference”, 2019',
  measured: {
    configuration: 'configs/square-net.json',
    accuracy: 0.9935,
    seeds: 3,
    seconds: 60,
    machine: '2 cores',
  },
  options,
  build({ filters: [filters = 1], ...settings }, { shape, classes }) {
    const { kernelSize, stride, denseUnits: units, convolutionDropout, initializer } = settings;
    const name = squareNetLayers.convolution;
    const padded = zeroPadding([shape.height, shape.width, shape.channels], coveredSize(shape, settings));
    const inputShape = padded.outputShape;
    const filtered = convolution({
      ...{ name, inputShape, filters, kernelSize, stride, initializer, hasBias: false },
    });
    const maps = filtered.outputShape;
    // One layer for those who explain the model by its last convolution.
    const convolved = chain<MapLayer>([
      padded,
      filtered,
      batchNormalization({ name, shape: maps, initialScale: INITIAL_SCALE }),
      square(maps),
    ]);
    const flat = flatten(maps);
    const [inputs] = flat.outputShape as [number];
    const hidden = squareNetLayers.dense;
    return sequence(
      `${kernelSize}×${kernelSize} windows with stride ${stride}, ${filters} filters, square, ${units} units, square, ${classes} classes`,
      [
        convolved,
        flat,
        dropout('dropout', [inputs], convolutionDropout),
        dense({ name: hidden, inputs, units, initializer, hasBias: false }),
        batchNormalization({ name: hidden, shape: [units], initialScale: INITIAL_SCALE }),
        square([units]),
        // No activation follows, so the initial weights are smaller.
        dense({ name: squareNetLayers.output, inputs: units, units: classes, initializer: 'fan-in-uniform' }),
      ],
    );
  },
});
