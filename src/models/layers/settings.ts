import { z } from 'zod';

import { activationNames } from '../activations.js';
import { initializerOption } from '../options.js';
import { cellNames } from './recurrent.js';
import { sequencePoolings } from './sequence-pooling.js';

const size = (most: number): z.ZodNumber => z.int().min(1).max(most);
const share = z.number().min(0).lt(1);
const initializer = initializerOption('fan-in-uniform');
/** ReLU by default. */
const activation = z.enum(['none', ...activationNames]).default('relu');

/** Options of all convolutions. */
const window = {
  kernelSize: size(31).default(3),
  stride: size(31).default(1),
  padding: z.enum(['valid', 'same']).default('valid'),
  bias: z.boolean().default(true),
  activation,
  initializer,
};
const depthMultiplier = size(64).default(1);

/** A layer in a configuration: its type and options. */
export const layerSettings = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('convolution'), filters: size(4096), ...window }),
  z.strictObject({ type: z.literal('depthwise-convolution'), depthMultiplier, ...window }),
  z.strictObject({
    type: z.literal('separable-convolution'),
    filters: size(4096),
    depthMultiplier,
    ...window,
  }),
  z.strictObject({ type: z.literal('max-pooling'), size: size(256).default(2) }),
  z.strictObject({ type: z.literal('average-pooling'), size: size(256).default(2) }),
  z.strictObject({ type: z.literal('global-average-pooling') }),
  z.strictObject({
    type: z.literal('batch-normalization'),
    momentum: share.default(0.9),
    epsilon: z.number().positive().max(1).default(1e-5),
  }),
  z.strictObject({ type: z.literal('group-normalization'), groups: size(4096).default(4) }),
  z.strictObject({ type: z.literal('layer-normalization') }),
  z.strictObject({ type: z.literal('activation'), function: z.enum(activationNames) }),
  z.strictObject({ type: z.literal('dropout'), rate: share.default(0.5) }),
  z.strictObject({ type: z.literal('flatten') }),
  z.strictObject({ type: z.literal('dense'), units: size(65_536), activation, initializer }),
  z.strictObject({ type: z.literal('rows') }),
  z.strictObject({ type: z.literal('patches'), size: size(256).default(7) }),
  z.strictObject({ type: z.literal('positions'), classToken: z.boolean().default(false) }),
  z.strictObject({ type: z.literal('self-attention'), heads: size(64).default(4), initializer }),
  z.strictObject({
    type: z.literal('transformer-block'),
    heads: size(64).default(4),
    hidden: size(65_536),
    dropout: share.default(0),
    activation: z.enum(activationNames).default('gelu'),
    initializer: initializerOption('glorot-uniform'),
  }),
  z.strictObject({
    type: z.literal('recurrent'),
    cell: z.enum(cellNames).default('lstm'),
    units: size(4096),
    bidirectional: z.boolean().default(false),
    outputs: z.enum(['all', 'last']).default('last'),
    initializer,
  }),
  z.strictObject({ type: z.literal('sequence-pooling'), kind: z.enum(sequencePoolings).default('mean') }),
]);

/** A layer in a program or a configuration file; omitted options get their defaults. */
export type LayerDescription = z.input<typeof layerSettings>;

export type LayerSettings = z.output<typeof layerSettings>;

/** The layer types, in the order of the list above. */
export const layerTypes: readonly string[] = layerSettings.options.map(({ shape }) => shape.type.value);
