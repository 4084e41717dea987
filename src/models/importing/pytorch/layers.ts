import { z } from 'zod';

import { transposed, type ForeignArray } from '../../../artifacts/foreign/weights/array.js';
import type { NodeFunction } from '../../graph/functions.js';
import { LayerRefusal, optionsOf, pairOption, type NetWriter } from '../net-writer.js';

/** A layer of a PyTorch model, with its weights. */
export interface TorchLayer {
  readonly name: string;
  /** The arguments that it was made with. */
  readonly options: unknown;
  /** The nodes that it takes. */
  readonly inputs: readonly string[];
  /** A weight by the last part of its name. */
  readonly weight: (part: string) => ForeignArray | undefined;
}

/** Adds a layer's nodes, and returns the one that has its output. Throws LayerRefusal. */
type Convert = (layer: TorchLayer, net: NetWriter) => string;

type Pair = [number, number];

const one = pairOption.prefault(1);
const undilated = one.refine(([a, b]) => a === 1 && b === 1, { error: 'dilation is not supported' });
const bordersOption = z.union([z.enum(['same', 'valid']), pairOption]).prefault(0);
const count = z.int().min(1).optional();

/** Zeros on both sides of each axis; "same" where that is TensorFlow's, at stride 1. */
function bordersOf(
  padding: z.output<typeof bordersOption>,
  kernel: Pair,
  stride: Pair,
): 'valid' | 'same' | [Pair, Pair] {
  if (typeof padding === 'string') {
    // PyTorch allows "same" at stride 1 alone.
    return padding;
  }
  if (padding.every((width) => width === 0)) return 'valid';
  const isSame = [0, 1].every((axis) => stride[axis] === 1 && kernel[axis] === 2 * padding[axis]! + 1);
  return isSame
    ? 'same'
    : [
        [padding[0], padding[0]],
        [padding[1], padding[1]],
      ];
}

function required({ weight }: TorchLayer, part: string): ForeignArray {
  return weight(part) ?? refuse(`the file holds no ${part} of it`);
}

function refuse(reason: string): never {
  throw new LayerRefusal(reason);
}

function agree(said: number | undefined, found: number | undefined, what: string): void {
  if (said !== undefined && said !== found) refuse(`its ${what} is ${said}, and its weight has ${found}`);
}

const conv2d: Convert = (layer, net) => {
  const weight = required(layer, 'weight');
  if (weight.shape.length !== 4) refuse(`its weight has ${weight.shape.length} axes, expected 4`);
  const [outputs, inputs, ...kernel] = weight.shape as [number, number, number, number];
  const options = optionsOf(
    z.looseObject({
      in_channels: count,
      out_channels: count,
      kernel_size: pairOption.optional(),
      stride: one,
      padding: bordersOption,
      dilation: undilated,
      groups: z.int().min(1).default(1),
      bias: z.boolean().default(true),
      padding_mode: z.literal('zeros', { error: 'only zero padding is supported' }).default('zeros'),
    }),
    layer.options,
  );
  const { groups, stride, bias } = options;
  agree(options.out_channels, outputs, 'out_channels');
  agree(options.in_channels, inputs * groups, 'in_channels');
  agree(options.kernel_size?.[0], kernel[0], 'kernel_size');
  agree(options.kernel_size?.[1], kernel[1], 'kernel_size');
  const window = { kernelSize: kernel, stride, padding: bordersOf(options.padding, kernel, stride), bias };
  const shared = { bias: bias ? required(layer, 'bias') : undefined };
  if (groups === 1) {
    return net.add(layer.name, { type: 'convolution', filters: outputs, ...window }, layer.inputs, {
      ...shared,
      kernel: transposed(weight, [2, 3, 1, 0]),
    });
  }
  if (inputs !== 1) refuse('grouped convolutions with several channels in a group are not supported');
  const multiplier = outputs / groups;
  const split: ForeignArray = { values: () => weight.values(), shape: [groups, multiplier, ...kernel] };
  return net.add(
    layer.name,
    { type: 'depthwise-convolution', depthMultiplier: multiplier, ...window },
    layer.inputs,
    { ...shared, kernel: transposed(split, [2, 3, 0, 1]) },
  );
};

const linear: Convert = (layer, net) => {
  if (net.shapeOf(layer.inputs[0]!).length !== 1) refuse('it needs a vector (Flatten makes one)');
  const weight = required(layer, 'weight');
  if (weight.shape.length !== 2) refuse(`its weight has ${weight.shape.length} axes, expected 2`);
  const [units, inputs] = weight.shape as [number, number];
  const schema = z.looseObject({ in_features: count, out_features: count, bias: z.boolean().default(true) });
  const { bias, ...options } = optionsOf(schema, layer.options);
  agree(options.in_features, inputs, 'in_features');
  agree(options.out_features, units, 'out_features');
  return net.add(layer.name, { type: 'dense', units, bias }, layer.inputs, {
    kernel: transposed(weight, [1, 0]),
    bias: bias ? required(layer, 'bias') : undefined,
  });
};

const batchNorm: Convert = (layer, net) => {
  const schema = z.looseObject({
    num_features: count,
    eps: z.number().positive().default(1e-5),
    momentum: z
      .number()
      .min(0)
      .max(1, { error: 'a cumulative average (momentum None) is not supported' })
      .default(0.1),
    affine: z.boolean().default(true),
    track_running_stats: z.literal(true, { error: 'it must keep running statistics' }).default(true),
  });
  const { eps: epsilon, momentum, affine, num_features: features } = optionsOf(schema, layer.options);
  const mean = required(layer, 'running_mean');
  agree(features, mean.shape[0], 'num_features');
  return net.add(
    layer.name,
    { type: 'batch-normalization', momentum: 1 - momentum, epsilon, scale: affine, offset: affine },
    layer.inputs,
    {
      scale: affine ? required(layer, 'weight') : undefined,
      offset: affine ? required(layer, 'bias') : undefined,
      'moving-mean': mean,
      'moving-variance': required(layer, 'running_var'),
    },
  );
};

const layerNorm: Convert = (layer, net) => {
  if (net.shapeOf(layer.inputs[0]!).length !== 1) refuse('it is supported only for vectors (after Flatten)');
  const schema = z.looseObject({
    eps: z.number().positive().default(1e-5),
    elementwise_affine: z.literal(true, { error: 'it must learn a scale and an offset' }).default(true),
  });
  const { eps: epsilon } = optionsOf(schema, layer.options);
  return net.add(layer.name, { type: 'layer-normalization', epsilon }, layer.inputs, {
    gain: required(layer, 'weight'),
    bias: required(layer, 'bias'),
  });
};

const pooling =
  (type: 'max-pooling' | 'average-pooling'): Convert =>
  (layer, net) => {
    const schema = z.looseObject({
      kernel_size: pairOption,
      stride: pairOption.nullish(),
      padding: pairOption.prefault(0),
      dilation: undilated,
      ceil_mode: z.boolean().default(false),
      count_include_pad: z.boolean().default(true),
      divisor_override: z.null({ error: 'another divisor is not supported' }).optional(),
    });
    const options = optionsOf(schema, layer.options);
    const { kernel_size: size, padding: border } = options;
    const stride = options.stride ?? size;
    const [height, width] = net.shapeOf(layer.inputs[0]!);
    const rests = [height!, width!].map(
      (length, axis) => (length + 2 * border[axis]! - size[axis]!) % stride[axis]!,
    );
    if (options.ceil_mode && rests.some((rest) => rest !== 0)) {
      refuse('ceil_mode is not supported where windows reach beyond the image');
    }
    const isPadded = border.some((length) => length !== 0);
    if (isPadded && !options.count_include_pad)
      refuse('count_include_pad=False is not supported with padding');
    const padding: 'valid' | [Pair, Pair] = isPadded
      ? [
          [border[0], border[0]],
          [border[1], border[1]],
        ]
      : 'valid';
    return net.add(layer.name, { type, size, stride, padding }, layer.inputs);
  };

/** To one value, or by equal windows. */
const adaptivePooling =
  (kind: 'average' | 'max'): Convert =>
  (layer, net) => {
    const { output_size: wanted } = optionsOf(z.looseObject({ output_size: pairOption }), layer.options);
    const [height, width] = net.shapeOf(layer.inputs[0]!);
    if (wanted.every((length) => length === 1)) {
      return net.add(layer.name, { type: 'global-pooling', kind, keepDimensions: true }, layer.inputs);
    }
    const size: Pair = [height! / wanted[0], width! / wanted[1]];
    if (!size.every(Number.isInteger))
      refuse(`images of ${height}×${width} are not divided evenly by its windows`);
    const type = kind === 'max' ? 'max-pooling' : 'average-pooling';
    return net.add(layer.name, { type, size, stride: size }, layer.inputs);
  };

const dropout =
  (ofChannels: boolean): Convert =>
  (layer, net) => {
    const { p: rate } = optionsOf(z.looseObject({ p: z.number().min(0).lt(1).default(0.5) }), layer.options);
    const spatial = ofChannels && net.shapeOf(layer.inputs[0]!).length === 3;
    return net.add(layer.name, { type: 'dropout', rate, spatial }, layer.inputs);
  };

const flatten: Convert = (layer, net) => {
  const schema = z.looseObject({
    start_dim: z.literal(1, { error: 'only flattening from the first axis on is supported' }).default(1),
    end_dim: z.literal(-1, { error: 'only flattening up to the last axis is supported' }).default(-1),
  });
  optionsOf(schema, layer.options);
  const shape = net.shapeOf(layer.inputs[0]!);
  // Where there is one channel, or one place, both orders are the same.
  const [height = 1, width = 1, channels = 1] = shape;
  const order = channels === 1 || height * width === 1 ? 'channels-last' : 'channels-first';
  return net.add(layer.name, { type: 'flatten', order }, layer.inputs);
};

const zeroPad: Convert = (layer, net) => {
  const schema = z.looseObject({
    padding: z.union([
      z.int().transform((width): [number, number, number, number] => [width, width, width, width]),
      z.tuple([z.int(), z.int(), z.int(), z.int()]),
    ]),
  });
  const [left, right, top, bottom] = optionsOf(schema, layer.options).padding;
  const padding: [Pair, Pair] = [
    [top, bottom],
    [left, right],
  ];
  return net.add(layer.name, { type: 'zero-padding', padding }, layer.inputs);
};

const applied =
  (name: NodeFunction): Convert =>
  (layer, net) =>
    net.add(layer.name, { type: 'activation', function: name }, layer.inputs);

const sloped =
  (name: 'leaky-relu' | 'elu', option: 'negative_slope' | 'alpha', fallback: number): Convert =>
  (layer, net) => {
    const options = optionsOf(z.looseObject({ [option]: z.number().default(fallback) }), layer.options);
    const slope = options[option]!;
    return net.add(layer.name, { type: 'activation', function: name, slope }, layer.inputs);
  };

const gelu: Convert = (layer, net) => {
  const schema = z.looseObject({ approximate: z.enum(['none', 'tanh']).default('none') });
  const { approximate } = optionsOf(schema, layer.options);
  return applied(approximate === 'tanh' ? 'gelu-tanh' : 'gelu')(layer, net);
};

const softplus: Convert = (layer, net) => {
  const schema = z.looseObject({ beta: z.literal(1, { error: 'only a beta of 1 is supported' }).default(1) });
  optionsOf(schema, layer.options);
  return applied('softplus')(layer, net);
};

const softmax: Convert = (layer, net) => {
  const schema = z.looseObject({
    dim: z.union([z.literal(1), z.literal(-1)], { error: 'it must be over the classes (dim=1)' }).nullish(),
  });
  optionsOf(schema, layer.options);
  return net.addEnding(layer.name, 'softmax', layer.inputs[0]!);
};

/** As everywhere a function; at the end of a model with one output, the probability of the second of two classes. */
const sigmoid: Convert = (layer, net) =>
  net.shapeOf(layer.inputs[0]!).join() === '1'
    ? net.addEnding(layer.name, 'sigmoid', layer.inputs[0]!)
    : applied('sigmoid')(layer, net);

const unchanged: Convert = ({ inputs }) => inputs[0]!;

const add: Convert = (layer, net) => net.add(layer.name, { type: 'merge', operation: 'add' }, layer.inputs);

const multiply: Convert = (layer, net) =>
  net.add(layer.name, { type: 'merge', operation: 'multiply' }, layer.inputs);

const cat: Convert = (layer, net) => {
  const schema = z.looseObject({
    dim: z.literal(1, { error: 'only concatenation of the channels (dim=1) is supported' }).default(1),
  });
  optionsOf(schema, layer.options);
  return net.add(layer.name, { type: 'concatenate' }, layer.inputs);
};

/** The layers of PyTorch that are imported, by class, and the functions of two tensors; a new one is an entry here. */
export const torchLayers: Readonly<Record<string, Convert>> = {
  Conv2d: conv2d,
  Linear: linear,
  BatchNorm1d: batchNorm,
  BatchNorm2d: batchNorm,
  LayerNorm: layerNorm,
  MaxPool2d: pooling('max-pooling'),
  AvgPool2d: pooling('average-pooling'),
  AdaptiveAvgPool2d: adaptivePooling('average'),
  AdaptiveMaxPool2d: adaptivePooling('max'),
  Dropout: dropout(false),
  Dropout1d: dropout(false),
  Dropout2d: dropout(true),
  Flatten: flatten,
  ZeroPad2d: zeroPad,
  ReLU: applied('relu'),
  ReLU6: applied('relu6'),
  LeakyReLU: sloped('leaky-relu', 'negative_slope', 0.01),
  ELU: sloped('elu', 'alpha', 1),
  SELU: applied('selu'),
  GELU: gelu,
  SiLU: applied('swish'),
  Mish: applied('mish'),
  Hardswish: applied('hard-swish'),
  Hardsigmoid: applied('hard-sigmoid'),
  Tanh: applied('tanh'),
  Sigmoid: sigmoid,
  Softplus: softplus,
  Softsign: applied('softsign'),
  Softmax: softmax,
  LogSoftmax: softmax,
  Identity: unchanged,
  Add: add,
  Mul: multiply,
  Cat: cat,
};
