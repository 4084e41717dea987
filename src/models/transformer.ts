import { z } from 'zod';

import { ToolkitError } from '../core/errors.js';
import { activationNames } from './activations.js';
import { dense } from './layers/dense.js';
import { layerNormalization } from './layers/layer-normalization.js';
import { patches } from './layers/patches.js';
import { positions } from './layers/positions.js';
import { sequencePooling } from './layers/sequence-pooling.js';
import { transformerBlock } from './layers/transformer-block.js';
import { sequence } from './layers/sequence.js';
import { defineModel } from './model.js';
import { dropoutOption, initializerOption } from './options.js';

/** A vision transformer: self-attention between the patches of an image. */
export const transformer = defineModel({
  name: 'transformer',
  summary: 'small vision transformer',
  source:
    'Vaswani et al., “Attention is all you need”, 2017; Dosovitskiy et al., “An image is worth 16×16 words”, 2021',
  measured: {
    configuration: 'configs/transformer.json',
    accuracy: 0.9924,
    seeds: 3,
    seconds: 158,
    machine: '2 cores',
  },
  options: z.strictObject({
    patchSize: z
      .int()
      .min(1)
      .max(256)
      .default(7)
      .meta({ description: 'patch size in pixels; smaller is slower' }),
    width: z.int().min(1).max(4096).default(64).meta({ description: 'embedding dimension' }),
    depth: z.int().min(1).max(64).default(4).meta({ description: 'number of transformer blocks' }),
    heads: z.int().min(1).max(64).default(4).meta({ description: 'attention heads; must divide --width' }),
    mlpRatio: z
      .number()
      .min(0.25)
      .max(16)
      .default(2)
      .meta({ description: 'hidden units of a block’s MLP, as a multiple of --width' }),
    pooling: z
      .enum(['mean', 'class-token'])
      .default('mean')
      .meta({ description: 'classify the mean of the patches or a class token' }),
    dropout: dropoutOption(0, 'after each layer or block'),
    activation: z.enum(activationNames).default('gelu').meta({ description: 'activation function' }),
    initializer: initializerOption('glorot-uniform'),
  }),
  build(options, { shape, classes }) {
    const { patchSize, width, depth, heads, mlpRatio, pooling, initializer } = options;
    if (width % heads !== 0) {
      throw new ToolkitError('USAGE', {
        message: `--width ${width} is not divisible by --heads ${heads}`,
        hint: 'use a --width that is a multiple of --heads',
      });
    }
    const cut = patches([shape.height, shape.width, shape.channels], patchSize);
    const [count, pixels] = cut.outputShape;
    const embedding = dense({ name: 'patches', inputs: pixels, units: width, initializer, leading: [count] });
    const placed = positions('positions', [count, width], pooling === 'class-token');
    const { outputShape } = placed;
    const hidden = Math.round(width * mlpRatio);
    const blocks = Array.from({ length: depth }, (_, index) =>
      transformerBlock(`block${index + 1}`, outputShape, { ...options, hidden }),
    );
    return sequence(
      `${count} patches of ${patchSize}×${patchSize}, ${depth} blocks (width ${width}, ${heads} heads), ${options.activation}`,
      [
        ...[cut, embedding, placed, ...blocks],
        layerNormalization('normalization', outputShape),
        sequencePooling(outputShape, pooling === 'mean' ? 'mean' : 'first'),
        dense({ name: 'classifier', inputs: width, units: classes, initializer }),
      ],
    );
  },
});
