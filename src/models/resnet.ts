import { z } from 'zod';

import { ToolkitError } from '../core/errors.js';
import type { ImageShape } from '../core/images.js';
import { activation } from './layers/activation.js';
import { globalAveragePooling } from './layers/average-pooling.js';
import type { Padding } from './layers/convolution.js';
import { dense } from './layers/dense.js';
import { dropout } from './layers/dropout.js';
import { chain, type MapLayer, type MapShape } from './layers/layer.js';
import { normalizedConvolution } from './layers/normalized-convolution.js';
import { residual } from './layers/residual.js';
import { sequence } from './layers/sequence.js';
import { defineModel } from './model.js';
import {
  activationOption,
  dropoutOption,
  filtersOption,
  initializerOption,
  kernelSizeOption,
  normalizationOption,
  normalizationText,
} from './options.js';

const options = z.strictObject({
  filters: filtersOption([32, 64], 'filters of each stage; each halves the image'),
  blocks: z.int().min(1).max(100).default(1).meta({ description: 'residual blocks per stage' }),
  kernelSize: kernelSizeOption,
  denseDropout: dropoutOption(0, 'before the output layer'),
  normalization: normalizationOption,
  activation: activationOption,
  initializer: initializerOption('he-normal'),
});

type Options = z.output<typeof options>;

/**
 * A residual network with batch or group normalisation. Each stage starts with a convolution and pooling, followed by residual blocks of two
 * convolutions.
 */
export const resnet = defineModel({
  name: 'resnet',
  summary: 'small residual network: the most accurate',
  source:
    'He et al., “Deep residual learning for image recognition”, 2016; stages as in Page, “How to train your ResNet”, 2018',
  measured: {
    configuration: 'configs/resnet.json',
    accuracy: 0.9967,
    seeds: 3,
    seconds: 259,
    machine: '2 cores',
  },
  options,
  build(settings, { shape, classes }) {
    const { filters, blocks, kernelSize, denseDropout } = settings;
    let inputShape: MapShape = [shape.height, shape.width, shape.channels];
    const stages = filters.map((count, index) => {
      // The border of the input image is empty; `valid` saves a sixth of the work.
      const padding = index === 0 ? 'valid' : 'same';
      const made = stage(`stage${index + 1}`, padding, inputShape, count, settings);
      inputShape = made.outputShape;
      // Checked early: building hundreds of blocks for an empty image takes time.
      if (Math.min(...inputShape) < 1) throw tooSmall(shape, filters.length);
      return made;
    });
    const channels = inputShape[2];
    return sequence(
      `${filters.length} stages (${filters.join('-')}, ${kernelSize}×${kernelSize}) of ${blocks} residual ${blocks === 1 ? 'block' : 'blocks'}, ${normalizationText(settings.normalization)}, ${settings.activation}, global average pooling, ${classes} classes`,
      [
        ...stages,
        globalAveragePooling(inputShape),
        dropout('dropout', [channels], denseDropout),
        // No activation follows, so the initial weights are smaller than before a ReLU.
        dense({ name: 'dense', inputs: channels, units: classes, initializer: 'fan-in-uniform' }),
      ],
    );
  },
});

function tooSmall({ height, width }: ImageShape, stages: number): ToolkitError {
  return new ToolkitError('USAGE', {
    message: `images of ${height}×${width} cannot be halved ${stages} times`,
    hint: 'use fewer --filters or --model mlp',
  });
}

/** Halves the image, changes the number of channels, and applies residual blocks. */
function stage(
  name: string,
  padding: Padding,
  inputShape: MapShape,
  filters: number,
  settings: Options,
): MapLayer {
  const first = normalizedConvolution({
    name: `${name}/convolution`,
    ...{ ...settings, inputShape, filters, padding, poolSize: 2 },
  });
  const blocks = Array.from({ length: settings.blocks }, (_, index) =>
    block(`${name}/block${index + 1}`, first.outputShape, settings),
  );
  return chain([first, ...blocks]);
}

/** Two convolutions with a skip connection, and an activation of the sum. */
function block(name: string, shape: MapShape, settings: Options): MapLayer {
  const common = { ...settings, inputShape: shape, filters: shape[2], padding: 'same' } as const;
  const branch = chain([
    normalizedConvolution({ name: `${name}/convolution1`, ...common }),
    normalizedConvolution({ name: `${name}/convolution2`, ...common, activation: undefined }),
  ]);
  return chain<MapLayer>([residual(branch), activation(settings.activation, shape)]);
}
