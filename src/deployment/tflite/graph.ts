import { elementCount } from '../../core/images.js';

/** The types of elements that we write. */
export type ElementType = 'float32' | 'float16' | 'int8' | 'int32' | 'uint8' | 'bool';

/** How whole numbers stand for real ones: real = scale × (whole − zero point). */
export interface Quantization {
  /** One for all elements, or one for each place along the axis. */
  scales: readonly number[];
  zeroPoints: readonly number[];
  axis: number;
}

export type TensorValues = Float32Array | Int32Array | Int8Array | Uint8Array | Uint16Array;

/** A tensor of a TFLite graph. */
export interface LiteTensor {
  name: string;
  type: ElementType;
  shape: readonly number[];
  /** The values of a constant; an intermediate result has none. */
  values?: TensorValues;
  quantization?: Quantization;
}

/** The operators that we write, as TFLite calls them (`BuiltinOperator` in its schema). */
export type OperatorName =
  | ArithmeticName
  | 'AVERAGE_POOL_2D'
  | 'BATCH_MATMUL'
  | 'CAST'
  | 'CEIL'
  | 'CONCATENATION'
  | 'CONV_2D'
  | 'DEPTHWISE_CONV_2D'
  | 'DEQUANTIZE'
  | 'ELU'
  | 'EQUAL'
  | 'EXP'
  | 'FLOOR'
  | 'FULLY_CONNECTED'
  | 'GELU'
  | 'LEAKY_RELU'
  | 'LESS'
  | 'LOG'
  | 'LOGICAL_OR'
  | 'LOGISTIC'
  | 'MAXIMUM'
  | 'MAX_POOL_2D'
  | 'MEAN'
  | 'MINIMUM'
  | 'NEG'
  | 'ABS'
  | 'PACK'
  | 'PADV2'
  | 'POW'
  | 'QUANTIZE'
  | 'REDUCE_MAX'
  | 'REDUCE_MIN'
  | 'REDUCE_PROD'
  | 'RELU'
  | 'RELU6'
  | 'RESHAPE'
  | 'RSQRT'
  | 'SLICE'
  | 'SOFTMAX'
  | 'SPLIT_V'
  | 'SQRT'
  | 'SQUARE'
  | 'SQUARED_DIFFERENCE'
  | 'SUM'
  | 'TANH'
  | 'TRANSPOSE'
  | 'UNPACK';

export type ArithmeticName = 'ADD' | 'SUB' | 'MUL' | 'DIV';

/** An activation that is part of another operator. */
export type FusedActivation = 'NONE' | 'RELU' | 'RELU6';

/** What an operator is told beside its tensors; which of them matter depends on the operator. */
export interface OperatorOptions {
  activation?: FusedActivation;
  padding?: 'SAME' | 'VALID';
  strides?: readonly [height: number, width: number];
  dilations?: readonly [height: number, width: number];
  /** The window of a pool. */
  window?: readonly [height: number, width: number];
  depthMultiplier?: number;
  keepDimensions?: boolean;
  axis?: number;
  alpha?: number;
  adjoint?: readonly [first: boolean, second: boolean];
}

/** An operator with its tensors. */
export interface LiteOperator {
  name: OperatorName;
  /** `undefined` stands for an optional input that is left out. */
  inputs: (LiteTensor | undefined)[];
  outputs: LiteTensor[];
  options: OperatorOptions;
}

/** A model as TFLite has it: operators in the order in which they run, for one image. */
export interface LiteGraph {
  inputs: LiteTensor[];
  outputs: LiteTensor[];
  operators: LiteOperator[];
}

/** All tensors of a graph, each once, in the order in which they appear. */
export function tensorsOf({ inputs, outputs, operators }: LiteGraph): Set<LiteTensor> {
  const used = operators.flatMap((operator) => [...operator.inputs, ...operator.outputs]);
  return new Set([...inputs, ...used, ...outputs].filter((tensor) => tensor !== undefined));
}

/** The operators' names, each once. */
export function operatorNames({ operators }: LiteGraph): OperatorName[] {
  return [...new Set(operators.map(({ name }) => name))].sort();
}

const WIDTHS: Readonly<Record<ElementType, number>> = {
  float32: 4,
  float16: 2,
  int8: 1,
  int32: 4,
  uint8: 1,
  bool: 1,
};

/** How many bytes a tensor takes. */
export function bytesOf(tensor: LiteTensor): number {
  return elementCount(tensor.shape) * WIDTHS[tensor.type];
}
