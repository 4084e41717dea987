import { z } from 'zod';

import { ToolkitError } from '../core/errors.js';
import type { ImageShape } from '../core/images.js';
import { globalAveragePooling } from './layers/average-pooling.js';
import type { Padding } from './layers/convolution.js';
import { dense } from './layers/dense.js';
import { dropout } from './layers/dropout.js';
import type { MapLayer, MapShape } from './layers/layer.js';
import { normalizedConvolution } from './layers/normalized-convolution.js';
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

/** The window size and stride of max pooling. */
const POOL_SIZE = 2;

const options = z.strictObject({
  filters: filtersOption([16, 24, 24, 32], 'filters of each convolution; pooling after every other one'),
  kernelSize: kernelSizeOption,
  padding: z
    .enum(['auto', 'valid', 'same'])
    .default('auto')
    .meta({ description: 'padding; auto: valid if the image is large enough' }),
  denseDropout: dropoutOption(0, 'before the output layer'),
  normalization: normalizationOption,
  activation: activationOption,
  initializer: initializerOption('he-normal'),
});

/**
 * A convolutional network with few parameters: convolutions with batch or group normalisation, pooling after every other one from the first
 * on, and global average pooling instead of a large dense layer.
 */
export const cnnSmall = defineModel({
  name: 'cnn-small',
  summary: 'small convolutional network: fast and accurate',
  source:
    'Ioffe and Szegedy, “Batch normalization”, 2015; Lin, Chen and Yan, “Network in network”, 2013 (means of channels)',
  measured: {
    configuration: 'configs/cnn-small.json',
    accuracy: 0.9952,
    seeds: 3,
    seconds: 93,
    machine: '2 cores',
  },
  options,
  build(settings, { shape, classes }) {
    const { filters, kernelSize, denseDropout, activation } = settings;
    const { padding, blocks } = fittingBlocks(settings, shape);
    const { outputShape } = blocks.at(-1)!;
    const channels = outputShape[2];
    return sequence(
      `${filters.length} conv layers (${filters.join('-')}, ${kernelSize}×${kernelSize}, ${padding}), ${normalizationText(settings.normalization)}, ${activation}, global average pooling, ${classes} classes`,
      [
        ...blocks,
        globalAveragePooling(outputShape),
        dropout('dropout', [channels], denseDropout),
        // No activation follows, so the initial weights are smaller than before a ReLU.
        dense({ name: 'dense', inputs: channels, units: classes, initializer: 'fan-in-uniform' }),
      ],
    );
  },
});

/** Stacks the convolutions with the chosen padding, or with the first that fits the image. Throws USAGE. */
function fittingBlocks(
  settings: z.output<typeof options>,
  shape: ImageShape,
): { padding: Padding; blocks: MapLayer[] } {
  const paddings: Padding[] = settings.padding === 'auto' ? ['valid', 'same'] : [settings.padding];
  for (const padding of paddings) {
    const blocks = stackBlocks({ ...settings, padding }, shape);
    if (blocks.every(({ outputShape }) => Math.min(...outputShape) >= 1)) return { padding, blocks };
  }
  throw new ToolkitError('USAGE', {
    message: `images of ${shape.height}×${shape.width} are too small for ${settings.filters.length} convolutions with pooling`,
    hint: 'use fewer --filters, --padding same or --model mlp',
  });
}

function stackBlocks(
  { filters, ...common }: Omit<z.output<typeof options>, 'padding'> & { padding: Padding },
  { height, width, channels }: ImageShape,
): MapLayer[] {
  let inputShape: MapShape = [height, width, channels];
  return filters.map((count, index) => {
    const poolSize = index % 2 === 0 ? POOL_SIZE : 1;
    const name = `convolution${index + 1}`;
    const block = normalizedConvolution({ name, inputShape, filters: count, poolSize, ...common });
    inputShape = block.outputShape;
    return block;
  });
}
