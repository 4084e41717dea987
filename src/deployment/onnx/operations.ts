import type { HostTensor } from '../../tensorflow/c-api/tensors.js';
import { DataType } from '../../tensorflow/c-api/data-types.js';
import { OnnxType, type OnnxAttribute, type OnnxGraph } from './graph.js';
import { transpose } from './weights.js';

/** An operation of TensorFlow to translate to ONNX. */
export interface Translation {
  readonly graph: OnnxGraph;
  /** How many inputs it has. */
  readonly count: number;
  /** How many results it has. */
  readonly results: number;
  /** The rank of its result, or of each of them. */
  readonly rank: number;
  /** The name of an input in the ONNX graph. */
  readonly input: (index: number) => string;
  /** The values of an input, where they are part of the model. */
  readonly values: (index: number) => HostTensor | undefined;
  /** Adds weights as they are to be stored, and returns their name. */
  readonly weights: (tensor: HostTensor, axis: number) => string;
  readonly attribute: (name: string) => unknown;
  /** Says why it cannot be translated. */
  readonly refuse: (reason: string) => never;
}

/** Adds nodes, and returns the name of the result, or those of all. */
type Translate = (operation: Translation) => string | string[];

const TO_CHANNELS_FIRST = { perm: [0, 3, 1, 2] };
const TO_CHANNELS_LAST = { perm: [0, 2, 3, 1] };
const TO_THE_END = 2 ** 53;

/** The translation of each TensorFlow operation; a new one is an entry here. */
export const translations: Readonly<Record<string, Translate>> = {
  ...sameInputs({ Relu: 'Relu', Tanh: 'Tanh', Sigmoid: 'Sigmoid', Elu: 'Elu', Selu: 'Selu', Erf: 'Erf' }),
  ...sameInputs({ Softplus: 'Softplus', Exp: 'Exp', Log: 'Log', Sqrt: 'Sqrt' }),
  ...sameInputs({ Neg: 'Neg', Abs: 'Abs', Floor: 'Floor', Ceil: 'Ceil', Reciprocal: 'Reciprocal' }),
  ...sameInputs({ Add: 'Add', AddV2: 'Add', BiasAdd: 'Add', Sub: 'Sub', Mul: 'Mul', RealDiv: 'Div' }),
  ...sameInputs({ Pow: 'Pow', Maximum: 'Max', Minimum: 'Min', Identity: 'Identity' }),
  ...sameInputs({ Less: 'Less', Equal: 'Equal', LogicalOr: 'Or' }),
  Softmax: ({ graph, input }) => graph.node('Softmax', [input(0)], { axis: -1 }),
  Square: ({ graph, input }) => graph.node('Mul', [input(0), input(0)]),
  Rsqrt: ({ graph, input }) => graph.node('Reciprocal', [graph.node('Sqrt', [input(0)])]),
  SquaredDifference: ({ graph, input }) => {
    const difference = graph.node('Sub', [input(0), input(1)]);
    return graph.node('Mul', [difference, difference]);
  },
  Relu6: ({ graph, input }) => graph.node('Clip', [input(0), graph.float(0), graph.float(6)]),
  LeakyRelu: ({ graph, input, attribute }) =>
    graph.node('LeakyRelu', [input(0)], { alpha: { float: Number(attribute('alpha') ?? 0.2) } }),
  MatMul: (operation) => matrixProduct(operation, 'transpose_a', 'transpose_b'),
  BatchMatMulV2: (operation) => matrixProduct(operation, 'adj_x', 'adj_y'),
  Reshape: (operation) =>
    operation.graph.node('Reshape', [operation.input(0), operation.graph.integers(integersOf(operation, 1))]),
  Transpose: (operation) =>
    operation.graph.node('Transpose', [operation.input(0)], { perm: integersOf(operation, 1) }),
  Cast: cast,
  Mean: (operation) => reduce(operation, 'ReduceMean'),
  Max: (operation) => reduce(operation, 'ReduceMax'),
  Min: (operation) => reduce(operation, 'ReduceMin'),
  Prod: (operation) => reduce(operation, 'ReduceProd'),
  Sum: (operation) =>
    operation.graph.node(
      'ReduceSum',
      [operation.input(0), operation.graph.integers(integersOf(operation, 1))],
      {
        keepdims: keepDimensions(operation),
      },
    ),
  Conv2D: (operation) => convolution(operation, [3, 2, 0, 1]),
  DepthwiseConv2dNative: depthwiseConvolution,
  MaxPool: (operation) => pool(operation, 'MaxPool'),
  AvgPool: (operation) => pool(operation, 'AveragePool'),
  FusedBatchNorm: batchNormalization,
  PadV2: pad,
  ConcatV2: (operation) => {
    const last = operation.count - 1;
    const inputs = Array.from({ length: last }, (_, index) => operation.input(index));
    return operation.graph.node('Concat', inputs, { axis: integersOf(operation, last)[0] ?? 0 });
  },
  Slice: slice,
  SplitV: (operation) => {
    const sizes = operation.graph.integers(integersOf(operation, 1));
    const [axis = 0] = integersOf(operation, 2);
    return operation.graph.nodes('Split', [operation.input(0), sizes], { axis }, operation.results);
  },
  Unpack: unpack,
  Pack: pack,
};

function sameInputs(names: Readonly<Record<string, string>>): Record<string, Translate> {
  const translate =
    (name: string): Translate =>
    ({ graph, input, count }) =>
      graph.node(
        name,
        Array.from({ length: count }, (_, index) => input(index)),
      );
  return Object.fromEntries(Object.entries(names).map(([from, to]) => [from, translate(to)]));
}

function matrixProduct(operation: Translation, firstTurned: string, secondTurned: string): string {
  const { graph, rank, input, values, weights, attribute } = operation;
  const turn = (name: string): string => {
    const axes = Array.from({ length: rank }, (_, axis) => axis);
    return graph.node('Transpose', [name], { perm: [...axes.slice(0, -2), rank - 1, rank - 2] });
  };
  const held = rank === 2 ? values(1) : undefined;
  const isTurned = attribute(secondTurned) === true;
  const second = held && !isTurned ? weights(held, 1) : isTurned ? turn(input(1)) : input(1);
  return graph.node('MatMul', [attribute(firstTurned) === true ? turn(input(0)) : input(0), second]);
}

function cast({ graph, input, attribute, refuse }: Translation): string {
  const to = attribute('DstT');
  if (attribute('SrcT') === to) return input(0);
  const types = new Map<unknown, number>([
    [DataType.FLOAT, OnnxType.FLOAT],
    [DataType.INT32, OnnxType.INT32],
    [DataType.UINT8, OnnxType.UINT8],
    [DataType.BOOL, OnnxType.BOOL],
  ]);
  const type = types.get(to) ?? refuse(`to the type ${String(to)}`);
  return graph.node('Cast', [input(0)], { to: type });
}

function reduce(operation: Translation, name: string): string {
  const axes = integersOf(operation, 1);
  return operation.graph.node(name, [operation.input(0)], { axes, keepdims: keepDimensions(operation) });
}

function keepDimensions({ attribute }: Translation): number {
  return attribute('keep_dims') === true ? 1 : 0;
}

/** @param order of the filter's axes in ONNX: outputs, inputs, height, width */
function convolution(operation: Translation, order: readonly number[]): string {
  const filter = filterOf(operation);
  const weights = operation.weights(transpose(filter, order), 0);
  return channelsFirst(operation, (input) =>
    operation.graph.node('Conv', [input, weights], filterAttributes(operation, filter.shape.slice(0, 2))),
  );
}

/** Every input channel has filters of its own; TensorFlow's result is ordered by input channel, as ONNX's is. */
function depthwiseConvolution(operation: Translation): string {
  const filter = filterOf(operation);
  const [height = 1, width = 1, channels = 1, multiplier = 1] = filter.shape;
  const moved = transpose(filter, [2, 3, 0, 1]);
  const weights = operation.weights({ ...moved, shape: [channels * multiplier, 1, height, width] }, 0);
  return channelsFirst(operation, (input) =>
    operation.graph.node('Conv', [input, weights], {
      ...filterAttributes(operation, [height, width]),
      group: channels,
    }),
  );
}

function pool(operation: Translation, name: string): string {
  return channelsFirst(operation, (input) =>
    operation.graph.node(name, [input], {
      ...windowAttributes(operation),
      kernel_shape: spatial(operation, 'ksize'),
    }),
  );
}

function batchNormalization(operation: Translation): string {
  const { graph, input, attribute, refuse } = operation;
  if (attribute('is_training') !== false) refuse('while it is training');
  const epsilon = { float: Number(attribute('epsilon') ?? 1e-4) };
  return channelsFirst(operation, (images) =>
    graph.node('BatchNormalization', [images, input(1), input(2), input(3), input(4)], { epsilon }),
  );
}

/** ONNX knows images with channels first only; runtimes take neighbouring moves of axes out again. */
function channelsFirst(operation: Translation, use: (input: string) => string): string {
  const { graph, attribute, input, refuse } = operation;
  if ((attribute('data_format') ?? 'NHWC') !== 'NHWC') refuse('on images whose channels come first');
  const result = use(graph.node('Transpose', [input(0)], TO_CHANNELS_FIRST));
  return graph.node('Transpose', [result], TO_CHANNELS_LAST);
}

/** @param reach how far a dilated filter reaches beyond its middle, which ONNX Runtime does not work out itself */
function windowAttributes(operation: Translation, reach?: readonly number[]): Record<string, OnnxAttribute> {
  const strides = spatial(operation, 'strides');
  const padding = operation.attribute('padding');
  if (padding === 'VALID') return { strides, auto_pad: 'VALID' };
  if (padding !== 'SAME') operation.refuse(`with the padding ${String(padding)}`);
  if (reach === undefined) return { strides, auto_pad: 'SAME_UPPER' };
  // TensorFlow dilates only where every place is visited, and then the size of the image does not matter.
  const before = reach.map((total) => Math.floor(total / 2));
  return { strides, pads: [...before, ...reach.map((total, axis) => total - before[axis]!)] };
}

/** The attributes of a convolution with a filter of some height and width. */
function filterAttributes(operation: Translation, kernel: readonly number[]): Record<string, OnnxAttribute> {
  const dilations = spatial(operation, 'dilations');
  const isDilated = dilations.some((dilation) => dilation > 1);
  const reach = kernel.map((size, axis) => (size - 1) * dilations[axis]!);
  return {
    ...windowAttributes(operation, isDilated ? reach : undefined),
    kernel_shape: kernel,
    dilations,
  };
}

/** Height and width of a list that also holds images and channels. */
function spatial({ attribute }: Translation, name: string): number[] {
  return ((attribute(name) as number[] | undefined) ?? [1, 1, 1, 1]).slice(1, 3);
}

function filterOf({ values, refuse }: Translation): HostTensor {
  return values(1) ?? refuse('with a filter that is computed');
}

function pad(operation: Translation): string {
  const { graph, input, count } = operation;
  const pairs = integersOf(operation, 1);
  const isFirst = (_: number, index: number): boolean => index % 2 === 0;
  const sizes = [...pairs.filter(isFirst), ...pairs.filter((_, index) => index % 2 === 1)];
  return graph.node('Pad', [input(0), graph.integers(sizes), ...(count > 2 ? [input(2)] : [])]);
}

function slice(operation: Translation): string {
  const { graph, input } = operation;
  const starts = integersOf(operation, 1);
  const ends = integersOf(operation, 2).map((size, axis) =>
    size === -1 ? TO_THE_END : starts[axis]! + size,
  );
  return graph.node('Slice', [input(0), graph.integers(starts), graph.integers(ends)]);
}

/** ONNX cuts into parts that still have the axis. */
function unpack({ graph, input, attribute, results }: Translation): string[] {
  const axis = Number(attribute('axis') ?? 0);
  const axes = graph.integers([axis]);
  return graph
    .nodes('Split', [input(0)], { axis }, results)
    .map((part) => graph.node('Squeeze', [part, axes]));
}

function pack({ graph, input, attribute, count }: Translation): string {
  const axis = Number(attribute('axis') ?? 0);
  const axes = graph.integers([axis]);
  const parts = Array.from({ length: count }, (_, index) => graph.node('Unsqueeze', [input(index), axes]));
  return graph.node('Concat', parts, { axis });
}

function integersOf({ values, refuse }: Translation, index: number): number[] {
  const constant = values(index) ?? refuse('with sizes that are computed');
  return [...constant.values];
}
