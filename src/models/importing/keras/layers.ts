import { z } from 'zod';

import { heldArray, type ForeignArray } from '../../../artifacts/foreign/weights/array.js';
import type { NodeFunction } from '../../graph/functions.js';
import { LayerRefusal, optionsOf, pairOption, type NetWriter } from '../net-writer.js';

/** A layer of a Keras model, with its weights. */
export interface KerasLayer {
  readonly name: string;
  readonly className: string;
  readonly config: unknown;
  /** The nodes that it takes. */
  readonly inputs: readonly string[];
  /** Whether the model is of Keras 3. */
  readonly isKeras3: boolean;
  /** A weight by its name in Keras and its position. */
  readonly weight: (name: string, index: number) => ForeignArray | undefined;
}

/** Adds a layer's nodes, and returns the one that has its output. Throws LayerRefusal. */
type Convert = (layer: KerasLayer, net: NetWriter) => string;

const flag = (fallback: boolean): z.ZodDefault<z.ZodBoolean> => z.boolean().default(fallback);
const dataFormat = z.literal('channels_last', { error: 'its images have their channels first' }).nullish();
const windowPadding = z
  .string()
  .default('valid')
  .transform((text) => text.toLowerCase())
  .pipe(z.enum(['valid', 'same']));
const ones = pairOption
  .prefault(1)
  .refine(([a, b]) => a === 1 && b === 1, { error: 'dilated convolutions have no gradient here' });
/** A function by its name, or as an object of Keras 3. */
const activation = z
  .union([
    z.string(),
    z
      .looseObject({ class_name: z.string(), config: z.unknown() })
      .transform(({ class_name, config }) => (typeof config === 'string' ? config : class_name)),
  ])
  .nullish();

const convolution = z.looseObject({
  kernel_size: pairOption,
  strides: pairOption.prefault(1),
  padding: windowPadding,
  data_format: dataFormat,
  dilation_rate: ones,
  groups: z.literal(1, { error: 'grouped convolutions are not supported' }).default(1),
  activation,
  use_bias: flag(true),
});
const filters = z.int().min(1);
const depthMultiplier = z.int().min(1).default(1);

function windowOf({ kernel_size, strides, padding, use_bias }: z.output<typeof convolution>): {
  kernelSize: [number, number];
  stride: [number, number];
  padding: 'valid' | 'same';
  bias: boolean;
} {
  return { kernelSize: kernel_size, stride: strides, padding, bias: use_bias };
}

const convert2d: Convert = (layer, net) => {
  const options = optionsOf(convolution.extend({ filters }), layer.config);
  const window = { type: 'convolution', filters: options.filters, ...windowOf(options) } as const;
  const weights = { kernel: layer.weight('kernel', 0), bias: layer.weight('bias', 1) };
  return activated(net, layer, net.add(layer.name, window, layer.inputs, weights), options.activation);
};

const depthwise2d: Convert = (layer, net) => {
  const options = optionsOf(convolution.extend({ depth_multiplier: depthMultiplier }), layer.config);
  const node = net.add(
    layer.name,
    { type: 'depthwise-convolution', depthMultiplier: options.depth_multiplier, ...windowOf(options) },
    layer.inputs,
    {
      kernel: layer.weight('depthwise_kernel', 0) ?? layer.weight('kernel', 0),
      bias: layer.weight('bias', 1),
    },
  );
  return activated(net, layer, node, options.activation);
};

const separable2d: Convert = (layer, net) => {
  const schema = convolution.extend({ filters, depth_multiplier: depthMultiplier });
  const options = optionsOf(schema, layer.config);
  const depthwise = net.add(
    `${layer.name}/depthwise`,
    {
      type: 'depthwise-convolution',
      depthMultiplier: options.depth_multiplier,
      ...windowOf(options),
      bias: false,
    },
    layer.inputs,
    { kernel: layer.weight('depthwise_kernel', 0) },
  );
  const pointwise = net.add(
    `${layer.name}/pointwise`,
    { type: 'convolution', filters: options.filters, kernelSize: [1, 1], bias: options.use_bias },
    [depthwise],
    { kernel: layer.weight('pointwise_kernel', 1), bias: layer.weight('bias', 2) },
  );
  return activated(net, layer, pointwise, options.activation);
};

const dense: Convert = (layer, net) => {
  const schema = z.looseObject({ units: z.int().min(1), activation, use_bias: flag(true) });
  const options = optionsOf(schema, layer.config);
  const node = net.add(
    layer.name,
    { type: 'dense', units: options.units, bias: options.use_bias },
    layer.inputs,
    { kernel: layer.weight('kernel', 0), bias: layer.weight('bias', 1) },
  );
  return activated(net, layer, node, options.activation);
};

const batchNormalization: Convert = (layer, net) => {
  const schema = z.looseObject({
    axis: z.union([z.int(), z.tuple([z.int()]).transform(([axis]) => axis)]).default(-1),
    momentum: z.number().min(0).max(1).default(0.99),
    epsilon: z.number().positive().default(1e-3),
    center: flag(true),
    scale: flag(true),
    renorm: z.literal(false, { error: 'batch renormalisation is not supported' }).optional(),
  });
  const { axis, momentum, epsilon, center, scale } = optionsOf(schema, layer.config);
  requireLastAxis(axis, layer, net);
  const names = [...(scale ? ['gamma'] : []), ...(center ? ['beta'] : []), 'moving_mean', 'moving_variance'];
  const weight = (name: string): ForeignArray | undefined => layer.weight(name, names.indexOf(name));
  return net.add(
    layer.name,
    { type: 'batch-normalization', momentum, epsilon, scale, offset: center },
    layer.inputs,
    {
      scale: scale ? weight('gamma') : undefined,
      offset: center ? weight('beta') : undefined,
      'moving-mean': weight('moving_mean'),
      'moving-variance': weight('moving_variance'),
    },
  );
};

const layerNormalization: Convert = (layer, net) => {
  const always = z.literal(true, { error: 'it must learn a scale and an offset' }).default(true);
  const schema = z.looseObject({
    axis: z.union([z.int(), z.tuple([z.int()]).transform(([axis]) => axis)]).default(-1),
    epsilon: z.number().positive().default(1e-3),
    center: always,
    scale: always,
    rms_scaling: z.literal(false, { error: 'root mean square scaling is not supported' }).optional(),
  });
  const { axis, epsilon } = optionsOf(schema, layer.config);
  requireLastAxis(axis, layer, net);
  return net.add(layer.name, { type: 'layer-normalization', epsilon }, layer.inputs, {
    gain: layer.weight('gamma', 0),
    bias: layer.weight('beta', 1),
  });
};

function requireLastAxis(axis: number, { inputs }: KerasLayer, net: NetWriter): void {
  const rank = net.shapeOf(inputs[0]!).length;
  if (axis === -1 || axis === rank) return;
  throw new LayerRefusal(`it normalises axis ${axis}; the last axis, the channels, is needed`);
}

const pooling =
  (type: 'max-pooling' | 'average-pooling'): Convert =>
  (layer, net) => {
    const schema = z.looseObject({
      pool_size: pairOption.prefault(2),
      strides: pairOption.nullish(),
      padding: windowPadding,
      data_format: dataFormat,
    });
    const { pool_size: size, strides, padding } = optionsOf(schema, layer.config);
    return net.add(layer.name, { type, size, stride: strides ?? size, padding }, layer.inputs);
  };

const globalPooling =
  (kind: 'average' | 'max'): Convert =>
  (layer, net) => {
    const schema = z.looseObject({ keepdims: flag(false), data_format: dataFormat });
    const { keepdims: keepDimensions } = optionsOf(schema, layer.config);
    return net.add(layer.name, { type: 'global-pooling', kind, keepDimensions }, layer.inputs);
  };

const dropout =
  (spatial: boolean): Convert =>
  (layer, net) => {
    const schema = z.looseObject({
      rate: z.number().min(0).lt(1),
      noise_shape: z.null({ error: 'a shape of the noise is not supported' }).optional(),
      data_format: dataFormat,
    });
    const { rate } = optionsOf(schema, layer.config);
    return net.add(layer.name, { type: 'dropout', rate, spatial }, layer.inputs);
  };

const flatten: Convert = (layer, net) => {
  optionsOf(z.looseObject({ data_format: dataFormat }), layer.config);
  return net.add(layer.name, { type: 'flatten' }, layer.inputs);
};

const reshape: Convert = (layer, net) => {
  const schema = z.looseObject({ target_shape: z.array(z.int()).min(1).max(4) });
  const { target_shape: target } = optionsOf(schema, layer.config);
  const size = net.shapeOf(layer.inputs[0]!).reduce((product, length) => product * length, 1);
  const known = target.reduce((product, length) => (length === -1 ? product : product * length), 1);
  const shape = target.map((length) => (length === -1 ? size / known : length));
  return net.add(layer.name, { type: 'reshape', shape }, layer.inputs);
};

const permute: Convert = (layer, net) => {
  const { dims: axes } = optionsOf(z.looseObject({ dims: z.array(z.int()) }), layer.config);
  return net.add(layer.name, { type: 'transpose', axes }, layer.inputs);
};

const zeroPadding: Convert = (layer, net) => {
  const side = z.union([
    z.int().transform((width): [number, number] => [width, width]),
    z.tuple([z.int(), z.int()]),
  ]);
  const schema = z.looseObject({
    padding: z.union([
      z.int().transform((width): [[number, number], [number, number]] => [
        [width, width],
        [width, width],
      ]),
      z.tuple([side, side]),
    ]),
    data_format: dataFormat,
  });
  return net.add(
    layer.name,
    { type: 'zero-padding', padding: optionsOf(schema, layer.config).padding },
    layer.inputs,
  );
};

const merge =
  (operation: 'add' | 'subtract' | 'multiply' | 'average' | 'maximum' | 'minimum'): Convert =>
  (layer, net) =>
    net.add(layer.name, { type: 'merge', operation }, layer.inputs);

const concatenate: Convert = (layer, net) => {
  const { axis } = optionsOf(z.looseObject({ axis: z.int().default(-1) }), layer.config);
  const rank = net.shapeOf(layer.inputs[0]!).length;
  return net.add(layer.name, { type: 'concatenate', axis: axis < 0 ? rank + 1 + axis : axis }, layer.inputs);
};

const numbers = z.union([z.number().transform((value) => [value]), z.array(z.number()).min(1)]);

const rescaling: Convert = (layer, net) => {
  const { scale, offset } = optionsOf(
    z.looseObject({ scale: numbers, offset: numbers.prefault(0) }),
    layer.config,
  );
  return addScaling(net, layer, scale, offset);
};

/** (x − mean) / max(√variance, 10⁻⁷), with values from the data that it was adapted to. */
const normalization: Convert = (layer, net) => {
  const nested = z.union([z.number(), z.array(z.unknown())]).nullish();
  const schema = z.looseObject({
    axis: z.union([z.int(), z.tuple([z.int()]).transform(([axis]) => axis)]).nullish(),
    mean: nested,
    variance: nested,
    invert: z.literal(false, { error: 'an inverted normalisation is not supported' }).optional(),
  });
  const { axis, mean, variance } = optionsOf(schema, layer.config);
  if (axis !== undefined && axis !== null) requireLastAxis(axis, layer, net);
  const means = flatNumbers(mean) ?? valuesOf(layer, 'mean', 0);
  const variances = flatNumbers(variance) ?? valuesOf(layer, 'variance', 1);
  const factors = variances.map((value) => 1 / Math.max(Math.sqrt(value), 1e-7));
  const offsets = means.map((value, index) => -value * factors[index % factors.length]!);
  return addScaling(net, layer, factors, offsets);
};

function flatNumbers(value: unknown): number[] | undefined {
  if (value === null || value === undefined) return undefined;
  return z.array(z.number()).parse([value].flat(8));
}

function valuesOf(layer: KerasLayer, name: string, index: number): number[] {
  const array = layer.weight(name, index);
  if (!array) throw new LayerRefusal(`the file holds no ${name}`);
  return [...array.values()];
}

function addScaling(
  net: NetWriter,
  { name, inputs }: KerasLayer,
  factors: readonly number[],
  offsets: readonly number[],
): string {
  const channels = net.shapeOf(inputs[0]!).at(-1)!;
  const perChannel = (values: readonly number[]): ForeignArray => {
    if (values.length !== 1 && values.length !== channels) {
      throw new LayerRefusal(`it has ${values.length} factors or offsets for ${channels} channels`);
    }
    return heldArray(
      [channels],
      Float32Array.from({ length: channels }, (_, at) => values[at % values.length]!),
    );
  };
  return net.add(name, { type: 'scaling' }, inputs, {
    factor: perChannel(factors),
    offset: perChannel(offsets),
  });
}

const activationLayer: Convert = (layer, net) => {
  const options = optionsOf(z.looseObject({ activation }), layer.config);
  return addFunction(net, layer, layer.name, layer.inputs[0]!, options.activation);
};

const reluLayer: Convert = (layer, net) => {
  const schema = z.looseObject({
    max_value: z.number().nullish(),
    negative_slope: z.number().nullish(),
    threshold: z.number().nullish(),
  });
  const { max_value: most, negative_slope: slope, threshold } = optionsOf(schema, layer.config);
  const isPlain = (slope ?? 0) === 0 && (threshold ?? 0) === 0;
  const name = most === null || most === undefined ? 'relu' : most === 6 ? 'relu6' : undefined;
  if (isPlain && name) return net.add(layer.name, { type: 'activation', function: name }, layer.inputs);
  if (name === 'relu' && (threshold ?? 0) === 0) {
    return net.add(layer.name, { type: 'activation', function: 'leaky-relu', slope: slope! }, layer.inputs);
  }
  throw new LayerRefusal(
    'only plain ReLU, ReLU with a slope below 0 (leaky) and ReLU with a maximum of 6 are supported',
  );
};

const sloped =
  (name: 'leaky-relu' | 'elu', fallback: number): Convert =>
  (layer, net) => {
    const schema = z.looseObject({ negative_slope: z.number().optional(), alpha: z.number().optional() });
    const { negative_slope: newer, alpha } = optionsOf(schema, layer.config);
    const slope = newer ?? alpha ?? fallback;
    return net.add(layer.name, { type: 'activation', function: name, slope }, layer.inputs);
  };

const softmaxLayer: Convert = (layer, net) => {
  const { axis } = optionsOf(
    z.looseObject({ axis: z.union([z.int(), z.array(z.int())]).default(-1) }),
    layer.config,
  );
  const rank = net.shapeOf(layer.inputs[0]!).length;
  if (axis !== -1 && axis !== rank) throw new LayerRefusal('it must be over the classes');
  return net.addEnding(layer.name, 'softmax', layer.inputs[0]!);
};

const unchanged: Convert = ({ inputs }) => inputs[0]!;

/** What acts in training alone: outputs are the same without it. */
const leftOut: Convert = ({ name, className, inputs }, net) => {
  net.notes.push(`${name} (${className}) acts in training alone, and is left out`);
  return inputs[0]!;
};

const code: Convert = () => {
  throw new LayerRefusal('it holds code, which is never run');
};

const functionNames: Readonly<Record<string, NodeFunction>> = {
  relu: 'relu',
  relu6: 'relu6',
  leaky_relu: 'leaky-relu',
  elu: 'elu',
  selu: 'selu',
  tanh: 'tanh',
  sigmoid: 'sigmoid',
  gelu: 'gelu',
  gelu_new: 'gelu-tanh',
  swish: 'swish',
  silu: 'swish',
  mish: 'mish',
  softplus: 'softplus',
  softsign: 'softsign',
  exponential: 'exponential',
  hard_silu: 'hard-swish',
  hard_swish: 'hard-swish',
};

/** Adds the function that follows a layer's own computation. */
function activated(net: NetWriter, layer: KerasLayer, node: string, name: string | null | undefined): string {
  return addFunction(net, layer, `${layer.name}/activation`, node, name);
}

function addFunction(
  net: NetWriter,
  { isKeras3 }: KerasLayer,
  name: string,
  input: string,
  called: string | null | undefined,
): string {
  const given = called ?? 'linear';
  if (given === 'linear') return input;
  if (given === 'softmax' || given === 'log_softmax') return net.addEnding(name, 'softmax', input);
  // A single sigmoid can be the end of a model of two classes; anywhere else it is a function like others.
  const isEnd = given === 'sigmoid' && net.shapeOf(input).join() === '1';
  if (isEnd) return net.addEnding(name, 'sigmoid', input);
  const own =
    given === 'hard_sigmoid' ? (isKeras3 ? 'hard-sigmoid' : 'hard-sigmoid-0.2') : functionNames[given];
  if (own === undefined) throw new LayerRefusal(`its activation "${given}" is not supported`);
  const slope = given === 'leaky_relu' ? { slope: 0.2 } : {};
  return net.add(name, { type: 'activation', function: own, ...slope }, [input]);
}

const trainingOnly = [
  ...[
    'RandomFlip',
    'RandomRotation',
    'RandomZoom',
    'RandomTranslation',
    'RandomContrast',
    'RandomBrightness',
  ],
  ...['RandomWidth', 'RandomHeight', 'RandomErasing', 'RandomHue', 'RandomSaturation', 'RandomShear'],
  ...['RandomSharpness', 'RandomGaussianBlur', 'GaussianNoise', 'GaussianDropout', 'AlphaDropout'],
];

const codeLayers = ['Lambda', 'TFOpLambda', 'SlicingOpLambda', 'TorchModuleWrapper', 'JaxLayer', 'FlaxLayer'];

const each = (names: readonly string[], convert: Convert): Record<string, Convert> =>
  Object.fromEntries(names.map((name) => [name, convert]));

/** The layers of Keras that are imported, by class; a new one is an entry here. */
export const kerasLayers: Readonly<Record<string, Convert>> = {
  Conv2D: convert2d,
  Convolution2D: convert2d,
  DepthwiseConv2D: depthwise2d,
  SeparableConv2D: separable2d,
  Dense: dense,
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  MaxPooling2D: pooling('max-pooling'),
  AveragePooling2D: pooling('average-pooling'),
  GlobalAveragePooling2D: globalPooling('average'),
  GlobalMaxPooling2D: globalPooling('max'),
  Dropout: dropout(false),
  SpatialDropout2D: dropout(true),
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  ZeroPadding2D: zeroPadding,
  Add: merge('add'),
  Subtract: merge('subtract'),
  Multiply: merge('multiply'),
  Average: merge('average'),
  Maximum: merge('maximum'),
  Minimum: merge('minimum'),
  Concatenate: concatenate,
  Rescaling: rescaling,
  Normalization: normalization,
  Activation: activationLayer,
  ReLU: reluLayer,
  LeakyReLU: sloped('leaky-relu', 0.3),
  ELU: sloped('elu', 1),
  Softmax: softmaxLayer,
  Identity: unchanged,
  ActivityRegularization: unchanged,
  ...each(trainingOnly, leftOut),
  ...each(codeLayers, code),
};
