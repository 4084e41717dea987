import type { ElementType, FusedActivation, OperatorName } from './graph.js';

/** Numbers of TFLite's schema (tensorflow/compiler/mlir/lite/schema/schema.fbs, version 3). */
export const SCHEMA_VERSION = 3;
export const FILE_IDENTIFIER = 'TFL3';

/** `TensorType`. */
export const tensorTypes: Readonly<Record<ElementType, number>> = {
  float32: 0,
  float16: 1,
  int32: 2,
  uint8: 3,
  bool: 6,
  int8: 9,
};

/** `ActivationFunctionType`. */
export const activationTypes: Readonly<Record<FusedActivation, number>> = { NONE: 0, RELU: 1, RELU6: 3 };

/** `Padding`. */
export const paddings = { SAME: 0, VALID: 1 } as const;

/** What the schema says of an operator: its `BuiltinOperator`, and its `BuiltinOptions` and how many fields these have. */
interface OperatorSchema {
  code: number;
  /** Left out where it takes none, or where we give none. */
  options?: readonly [type: number, fields: number];
  /** The version of the operator, and that with 8-bit tensors (tensorflow/compiler/mlir/lite/tools/versioning/op_version.cc). */
  version?: number;
  int8Version?: number;
}

const POOL = [5, 6] as const;
const REDUCER = [27, 1] as const;

export const operatorSchemas: Readonly<Record<OperatorName, OperatorSchema>> = {
  ABS: { code: 101 },
  ADD: { code: 0, options: [11, 2], int8Version: 2 },
  AVERAGE_POOL_2D: { code: 1, options: POOL, int8Version: 2 },
  BATCH_MATMUL: { code: 126, options: [101, 3], int8Version: 2 },
  CAST: { code: 53, options: [37, 2] },
  CEIL: { code: 104 },
  CONCATENATION: { code: 2, options: [10, 2], int8Version: 2 },
  CONV_2D: { code: 3, options: [1, 7], int8Version: 3 },
  DEPTHWISE_CONV_2D: { code: 4, options: [2, 7], int8Version: 3 },
  DEQUANTIZE: { code: 6, version: 3, int8Version: 2 },
  DIV: { code: 42, options: [29, 1] },
  ELU: { code: 111 },
  EQUAL: { code: 71 },
  EXP: { code: 47 },
  FLOOR: { code: 8 },
  FULLY_CONNECTED: { code: 9, options: [8, 6], int8Version: 4 },
  GELU: { code: 150, options: [116, 1], int8Version: 2 },
  LEAKY_RELU: { code: 98, options: [75, 1], int8Version: 2 },
  LESS: { code: 58 },
  LOG: { code: 73 },
  LOGICAL_OR: { code: 84 },
  LOGISTIC: { code: 14, int8Version: 2 },
  MAXIMUM: { code: 55, int8Version: 2 },
  MAX_POOL_2D: { code: 17, options: POOL, int8Version: 2 },
  MEAN: { code: 40, options: REDUCER, int8Version: 2 },
  MINIMUM: { code: 57, int8Version: 2 },
  MUL: { code: 18, options: [21, 1], int8Version: 2 },
  NEG: { code: 59 },
  PACK: { code: 83, options: [59, 2], int8Version: 2 },
  PADV2: { code: 60, int8Version: 2 },
  POW: { code: 78 },
  QUANTIZE: { code: 114, int8Version: 2 },
  REDUCE_MAX: { code: 82, options: REDUCER, int8Version: 2 },
  REDUCE_MIN: { code: 89, options: REDUCER, int8Version: 2 },
  REDUCE_PROD: { code: 81, options: REDUCER },
  RELU: { code: 19, int8Version: 2 },
  RELU6: { code: 21, int8Version: 2 },
  RESHAPE: { code: 22 },
  RSQRT: { code: 76 },
  SLICE: { code: 65, int8Version: 2 },
  SOFTMAX: { code: 25, options: [9, 1], int8Version: 2 },
  SPLIT_V: { code: 102, options: [79, 1], int8Version: 2 },
  SQRT: { code: 75 },
  SQUARE: { code: 92 },
  SQUARED_DIFFERENCE: { code: 99, int8Version: 2 },
  SUB: { code: 41, options: [28, 2], int8Version: 2 },
  SUM: { code: 74, options: REDUCER, int8Version: 2 },
  TANH: { code: 28, int8Version: 2 },
  TRANSPOSE: { code: 39, int8Version: 2 },
  UNPACK: { code: 88, options: [64, 2], int8Version: 2 },
};
