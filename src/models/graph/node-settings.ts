import { z } from 'zod';

import { nodeFunctions } from './functions.js';

const size = (most: number): z.ZodNumber => z.int().min(1).max(most);
/** Height and width. */
const pair = (most: number): z.ZodTuple<[z.ZodNumber, z.ZodNumber], null> =>
  z.tuple([size(most), size(most)]);
const border = z.tuple([z.int().min(0).max(256), z.int().min(0).max(256)]);
/** Rows above and below, columns left and right. */
const borders = z.tuple([border, border]);
/** As many as there are classes, for the output. */
const count = z.union([size(65_536), z.literal('classes')]);

/** A node's name is the prefix of its parameters' names; the parts of a nested model are separated by slashes. */
const nodeName = z
  .string()
  .max(200)
  .regex(/^\w[\w.:-]*(\/\w[\w.:-]*)*$/);

const place = {
  name: nodeName,
  /** The nodes whose outputs it takes; left out, the node before it, and the image for the first. */
  inputs: z.array(nodeName).min(1).max(64).optional(),
};

const window = {
  kernelSize: pair(64).default([3, 3]),
  stride: pair(64).default([1, 1]),
  padding: z.union([z.enum(['valid', 'same']), borders]).default('valid'),
};
const convolution = { ...window, bias: z.boolean().default(true) };
const pooling = {
  size: pair(256).default([2, 2]),
  stride: pair(256).default([2, 2]),
  padding: window.padding,
};
const epsilon = z.number().positive().max(1);

/** A node of a graph: its type, its name, its inputs and its options. */
export const nodeSettings = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('convolution'), ...place, filters: count, ...convolution }),
  z.strictObject({
    type: z.literal('depthwise-convolution'),
    ...place,
    depthMultiplier: size(64).default(1),
    ...convolution,
  }),
  z.strictObject({ type: z.literal('dense'), ...place, units: count, bias: z.boolean().default(true) }),
  z.strictObject({
    type: z.literal('batch-normalization'),
    ...place,
    momentum: z.number().min(0).max(1).default(0.9),
    epsilon: epsilon.default(1e-5),
    /** Whether there is a learnt scale, and a learnt offset. */
    scale: z.boolean().default(true),
    offset: z.boolean().default(true),
  }),
  z.strictObject({ type: z.literal('layer-normalization'), ...place, epsilon: epsilon.default(1e-5) }),
  z.strictObject({ type: z.literal('scaling'), ...place }),
  z.strictObject({
    type: z.literal('activation'),
    ...place,
    function: z.enum(nodeFunctions),
    /** The slope below 0 of leaky-relu; the factor of elu. */
    slope: z.number().min(0).max(100).optional(),
  }),
  z.strictObject({ type: z.literal('max-pooling'), ...place, ...pooling }),
  z.strictObject({ type: z.literal('average-pooling'), ...place, ...pooling }),
  z.strictObject({
    type: z.literal('global-pooling'),
    ...place,
    kind: z.enum(['average', 'max']).default('average'),
    keepDimensions: z.boolean().default(false),
  }),
  z.strictObject({
    type: z.literal('dropout'),
    ...place,
    rate: z.number().min(0).lt(1).default(0.5),
    /** Whether whole channels are set to 0. */
    spatial: z.boolean().default(false),
  }),
  z.strictObject({
    type: z.literal('flatten'),
    ...place,
    /** The order in which a layer after it expects the values of an image. */
    order: z.enum(['channels-last', 'channels-first']).default('channels-last'),
  }),
  z.strictObject({
    type: z.literal('reshape'),
    ...place,
    shape: z
      .array(size(2 ** 24))
      .min(1)
      .max(4),
  }),
  z.strictObject({ type: z.literal('transpose'), ...place, axes: z.array(size(4)).min(2).max(4) }),
  z.strictObject({ type: z.literal('zero-padding'), ...place, padding: borders }),
  z.strictObject({
    type: z.literal('merge'),
    ...place,
    operation: z.enum(['add', 'subtract', 'multiply', 'average', 'maximum', 'minimum']).default('add'),
  }),
  z.strictObject({ type: z.literal('concatenate'), ...place, axis: size(4).optional() }),
]);

/** A node in a program or a configuration file; omitted options get their defaults. */
export type NodeDescription = z.input<typeof nodeSettings>;

export type NodeSettings = z.output<typeof nodeSettings>;

/** The settings of a node of a type. */
export type SettingsOf<Type extends NodeSettings['type']> = Extract<NodeSettings, { type: Type }>;

/** The node types, in the order of the list above. */
export const nodeTypes: readonly string[] = nodeSettings.options.map(({ shape }) => shape.type.value);

export type WindowPadding = z.output<typeof window.padding>;
