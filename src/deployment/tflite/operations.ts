import { DataType } from '../../tensorflow/c-api/data-types.js';
import type { HostTensor } from '../../tensorflow/c-api/tensors.js';
import { transpose } from '../onnx/weights.js';
import type { GraphWriter } from './builder.js';
import { fuseActivation, fuseBias, scaleChannels, type Uses } from './fuse.js';
import type { ArithmeticName, ElementType, LiteTensor, OperatorName, OperatorOptions } from './graph.js';

/** An operation of TensorFlow to translate to TFLite. */
export interface Translation {
  readonly writer: GraphWriter;
  readonly uses: Uses;
  /** How many inputs it has. */
  readonly inputs: number;
  /** The shapes of its results. */
  readonly shapes: readonly (readonly number[])[];
  readonly input: (index: number) => LiteTensor;
  /** The values of an input, where they are part of the model. */
  readonly values: (index: number) => HostTensor | undefined;
  /** What is made of an input's values, once for all operations that make the same of them. */
  readonly derived: (index: number, how: string, make: () => LiteTensor) => LiteTensor;
  readonly attribute: (name: string) => unknown;
  /** Says why it cannot be translated. */
  readonly refuse: (reason: string) => never;
}

/** Adds operators, and returns the result, or all results. */
type Translate = (operation: Translation) => LiteTensor | LiteTensor[];

/** The translation of each TensorFlow operation; a new one is an entry here. */
export const translations: Readonly<Record<string, Translate>> = {
  ...sameInputs({ Tanh: 'TANH', Sigmoid: 'LOGISTIC', Softmax: 'SOFTMAX', Elu: 'ELU', Square: 'SQUARE' }),
  ...sameInputs({ Exp: 'EXP', Log: 'LOG', Sqrt: 'SQRT', Rsqrt: 'RSQRT', Neg: 'NEG', Abs: 'ABS' }),
  ...sameInputs({ Floor: 'FLOOR', Ceil: 'CEIL', Pow: 'POW', Maximum: 'MAXIMUM', Minimum: 'MINIMUM' }),
  ...sameInputs({ SquaredDifference: 'SQUARED_DIFFERENCE' }),
  ...sameInputs({ Less: 'LESS', Equal: 'EQUAL', LogicalOr: 'LOGICAL_OR' }, 'bool'),
  ...reductions({ Mean: 'MEAN', Sum: 'SUM', Max: 'REDUCE_MAX', Min: 'REDUCE_MIN', Prod: 'REDUCE_PROD' }),
  Identity: ({ input }) => input(0),
  Relu: (operation) => activation(operation, 'RELU'),
  Relu6: (operation) => activation(operation, 'RELU6'),
  LeakyRelu: ({ writer, input, shapes, attribute }) =>
    writer.add('LEAKY_RELU', [input(0)], shapes[0]!, { alpha: Number(attribute('alpha') ?? 0.2) }),
  Selu: selu,
  Reciprocal: ({ writer, input, shapes }) =>
    writer.add('DIV', [writer.floats([1], []), input(0)], shapes[0]!),
  Add: (operation) => addition(operation),
  AddV2: (operation) => addition(operation),
  BiasAdd: (operation) => addition(operation),
  Sub: (operation) => arithmetic(operation, 'SUB'),
  Mul: (operation) => arithmetic(operation, 'MUL'),
  RealDiv: (operation) => arithmetic(operation, 'DIV'),
  MatMul: matrixProduct,
  BatchMatMulV2: ({ writer, input, shapes, attribute }) =>
    writer.add('BATCH_MATMUL', [input(0), input(1)], shapes[0]!, {
      adjoint: [attribute('adj_x') === true, attribute('adj_y') === true],
    }),
  Conv2D: convolution,
  DepthwiseConv2dNative: depthwiseConvolution,
  MaxPool: (operation) => pool(operation, 'MAX_POOL_2D'),
  AvgPool: (operation) => pool(operation, 'AVERAGE_POOL_2D'),
  FusedBatchNorm: batchNormalization,
  Reshape: reshape,
  Transpose: (operation) => {
    const { writer, input, shapes } = operation;
    return writer.add('TRANSPOSE', [input(0), writer.integers(integersOf(operation, 1))], shapes[0]!);
  },
  Cast: cast,
  PadV2: pad,
  ConcatV2: (operation) => {
    const last = operation.inputs - 1;
    const parts = inputsOf(operation, last);
    return operation.writer.add('CONCATENATION', parts, operation.shapes[0]!, {
      axis: integersOf(operation, last)[0] ?? 0,
    });
  },
  Pack: (operation) =>
    operation.writer.add('PACK', inputsOf(operation), operation.shapes[0]!, {
      axis: Number(operation.attribute('axis') ?? 0),
    }),
  Unpack: ({ writer, input, shapes, attribute }) =>
    writer.addMany('UNPACK', [input(0)], shapes, { axis: Number(attribute('axis') ?? 0) }),
  Slice: (operation) => {
    const { writer, input, shapes } = operation;
    // The sizes are those of the result: −1, which stands for the rest, is resolved.
    const places = [writer.integers(integersOf(operation, 1)), writer.integers(shapes[0]!)];
    return writer.add('SLICE', [input(0), ...places], shapes[0]!);
  },
  SplitV: (operation) => {
    const { writer, input, shapes } = operation;
    const [axis = 0] = integersOf(operation, 2);
    const sizes = writer.integers(integersOf(operation, 1));
    return writer.addMany('SPLIT_V', [input(0), sizes, writer.integer(axis)], shapes);
  },
};

function sameInputs(
  names: Readonly<Record<string, OperatorName>>,
  type: ElementType = 'float32',
): Record<string, Translate> {
  return each(names, (name, operation) =>
    operation.writer.add(name, inputsOf(operation), operation.shapes[0]!, {}, type),
  );
}

function reductions(names: Readonly<Record<string, OperatorName>>): Record<string, Translate> {
  return each(names, (name, operation) => {
    const { writer, input, shapes, attribute } = operation;
    const axes = writer.integers(integersOf(operation, 1));
    const options = { keepDimensions: attribute('keep_dims') === true };
    return writer.add(name, [input(0), axes], shapes[0]!, options);
  });
}

function each(
  names: Readonly<Record<string, OperatorName>>,
  translate: (name: OperatorName, operation: Translation) => LiteTensor,
): Record<string, Translate> {
  return Object.fromEntries(
    Object.entries(names).map(([from, to]) => [from, (operation) => translate(to, operation)]),
  );
}

/** The first inputs of an operation; all by default. */
function inputsOf({ input, inputs }: Translation, count = inputs): LiteTensor[] {
  return Array.from({ length: count }, (_, index) => input(index));
}

function activation({ writer, uses, input, shapes }: Translation, name: 'RELU' | 'RELU6'): LiteTensor {
  return fuseActivation(writer, input(0), name, uses) ?? writer.add(name, [input(0)], shapes[0]!);
}

/** λ · (max(0, x) + α · (eᵐⁱⁿ⁽⁰ˣ⁾ − 1)), with the constants of Klambauer et al., "Self-normalizing neural networks", 2017. */
function selu({ writer, input, shapes: [shape = []] }: Translation): LiteTensor {
  const positive = writer.add('RELU', [input(0)], shape);
  const below = writer.add('SUB', [writer.add('ELU', [input(0)], shape), positive], shape);
  const bent = writer.add('MUL', [below, writer.floats([1.6732632423543772], [])], shape);
  const sum = writer.add('ADD', [positive, bent], shape);
  return writer.add('MUL', [sum, writer.floats([1.0507009873554805], [])], shape);
}

function addition(operation: Translation): LiteTensor {
  const { writer, uses, input, values } = operation;
  for (const [one, other] of [
    [0, 1],
    [1, 0],
  ] as const) {
    if (!values(other) || values(one)) continue;
    const fused = fuseBias(writer, input(one), input(other), uses);
    if (fused) return fused;
  }
  return arithmetic(operation, 'ADD');
}

function arithmetic({ writer, input, shapes }: Translation, name: ArithmeticName): LiteTensor {
  return writer.add(name, [input(0), input(1)], shapes[0]!);
}

/** A product with weights is a fully connected layer, whose weights lie by output. */
function matrixProduct({ writer, input, values, derived, shapes, attribute }: Translation): LiteTensor {
  const turns = [attribute('transpose_a') === true, attribute('transpose_b') === true] as const;
  const held = values(1);
  if (!held || turns[0]) {
    return writer.add('BATCH_MATMUL', [input(0), input(1)], shapes[0]!, { adjoint: turns });
  }
  const weights = derived(1, 'by output', () => {
    const { shape, values: floats } = turns[1] ? held : transpose(held, [1, 0]);
    return writer.floats(floats as Float32Array, shape);
  });
  return writer.add('FULLY_CONNECTED', [input(0), weights], shapes[0]!);
}

function convolution(operation: Translation): LiteTensor {
  const { writer, input, derived, shapes } = operation;
  const filter = filterOf(operation);
  const weights = derived(1, 'by output', () => {
    const { shape, values } = transpose(filter, [3, 0, 1, 2]);
    return writer.floats(values as Float32Array, shape);
  });
  const bias = writer.floats(new Float32Array(filter.shape[3]!));
  return writer.add('CONV_2D', [input(0), weights, bias], shapes[0]!, windowOptions(operation));
}

/** The order of the results is TensorFlow's: by input channel. */
function depthwiseConvolution(operation: Translation): LiteTensor {
  const { writer, input, derived, shapes } = operation;
  const { shape, values } = filterOf(operation);
  const [height = 1, width = 1, channels = 1, depthMultiplier = 1] = shape;
  const results = channels * depthMultiplier;
  const weights = derived(1, 'depthwise', () =>
    writer.floats(values as Float32Array, [1, height, width, results]),
  );
  const bias = writer.floats(new Float32Array(results));
  const options = { ...windowOptions(operation), depthMultiplier };
  return writer.add('DEPTHWISE_CONV_2D', [input(0), weights, bias], shapes[0]!, options);
}

function pool(operation: Translation, name: 'MAX_POOL_2D' | 'AVERAGE_POOL_2D'): LiteTensor {
  const { writer, input, shapes } = operation;
  const options = { ...windowOptions(operation), window: spatial(operation, 'ksize') };
  return writer.add(name, [input(0)], shapes[0]!, options);
}

/** (x − mean) / √(variance + ε) · γ + β, as one product and one sum for each channel. */
function batchNormalization(operation: Translation): LiteTensor {
  const { writer, uses, input, values, attribute, refuse } = operation;
  if (attribute('is_training') !== false) refuse('is refused while it is training');
  requireChannelsLast(operation);
  const floats = [1, 2, 3, 4].map((index) => values(index)?.values ?? refuse('takes computed statistics'));
  const [gamma, beta, mean, variance] = floats as [Float32Array, Float32Array, Float32Array, Float32Array];
  const epsilon = Number(attribute('epsilon') ?? 1e-4);
  const scale = gamma.map((factor, channel) => factor / Math.sqrt(variance[channel]! + epsilon));
  const shift = beta.map((value, channel) => value - mean[channel]! * scale[channel]!);
  return scaleChannels(writer, input(0), scale, shift, uses);
}

function reshape({ writer, input, shapes: [shape = []] }: Translation): LiteTensor {
  const tensor = input(0);
  if (tensor.shape.join() === shape.join()) return tensor;
  return writer.add('RESHAPE', [tensor, writer.integers(shape)], shape);
}

function cast({ writer, input, shapes, attribute, refuse }: Translation): LiteTensor {
  const [from, to] = [attribute('SrcT'), attribute('DstT')];
  if (from === to) return input(0);
  if (to !== DataType.FLOAT) refuse(`to the type ${String(to)} has no counterpart`);
  return writer.add('CAST', [input(0)], shapes[0]!);
}

function pad(operation: Translation): LiteTensor {
  const { writer, input, inputs, shapes } = operation;
  const pairs = integersOf(operation, 1);
  const margins = writer.constant(Int32Array.from(pairs), [pairs.length / 2, 2], 'int32');
  const value = inputs > 2 ? input(2) : writer.floats([0], []);
  return writer.add('PADV2', [input(0), margins, value], shapes[0]!);
}

function windowOptions(operation: Translation): OperatorOptions {
  requireChannelsLast(operation);
  const padding = operation.attribute('padding');
  if (padding !== 'SAME' && padding !== 'VALID') {
    return operation.refuse(`with the padding ${String(padding)} has no counterpart`);
  }
  return {
    padding,
    strides: spatial(operation, 'strides'),
    dilations: spatial(operation, 'dilations'),
  };
}

function requireChannelsLast({ attribute, refuse }: Translation): void {
  if ((attribute('data_format') ?? 'NHWC') !== 'NHWC')
    refuse('of images whose channels come first is refused');
}

/** Height and width of a list that also holds images and channels. */
function spatial({ attribute }: Translation, name: string): [number, number] {
  const [, height = 1, width = 1] = (attribute(name) as number[] | undefined) ?? [];
  return [height, width];
}

function filterOf({ values, refuse }: Translation): HostTensor {
  return values(1) ?? refuse('with a computed filter is refused');
}

function integersOf({ values, refuse }: Translation, index: number): number[] {
  const constant = values(index) ?? refuse('with computed sizes is refused');
  return [...constant.values];
}
