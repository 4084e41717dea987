import {
  Add,
  backend_util,
  BatchMatMul,
  GatherV2,
  getKernel,
  registerKernel,
  scalar,
  tensor1d,
  type KernelFunc,
  type Tensor,
  type TensorInfo,
} from '@tensorflow/tfjs-core';

import { DataType } from '../c-api/data-types.js';
import { attribute, type NodeAttribute } from '../c-api/graph-builder.js';
import {
  BACKEND_NAME,
  defineKernel,
  improveKernelFunction,
  tensorFlowOf,
  type KernelCall,
  type PartialKernel,
  type Value,
} from './kernels/kernel-call.js';
import { registerKernels } from './kernels/index.js';
import { nameKernelErrors } from './kernels/worded-errors.js';
import { RecordingBinding } from './recording-binding.js';

/** Kernels that tfjs lacks, each a single TensorFlow operation. `src/engine/tracing/operations.ts` calls them. */
export const ExtraKernel = {
  /** `{logits: [n, classes], labels: int32 [n]}` to `[losses [n], gradient of each loss [n, classes]]`. */
  SPARSE_CROSS_ENTROPY: 'SparseSoftmaxCrossEntropyWithLogits',
  /** `{logits: [n, classes], targets: [n, classes]}` to the same two outputs; each row of the targets sums to 1. */
  CROSS_ENTROPY: 'SoftmaxCrossEntropyWithLogits',
  /** `{x}` to half its squared L2 norm. */
  HALF_SQUARES: 'L2Loss',
  /** Bytes (an attribute) to a uint8 tensor on the device; tfjs sees its dtype as int32. */
  UPLOAD_BYTES: 'UploadBytes',
  /** `{bytes, indices}` to the rows at those indices, as float32. */
  GATHER_BYTES: 'GatherBytes',
  /** `{dy, y}`, the gradient of the output and the output, to the gradient of the input. */
  RELU_GRADIENT: 'ReluGrad',
  TANH_GRADIENT: 'TanhGrad',
  SIGMOID_GRADIENT: 'SigmoidGrad',
  /** `{dy: [..., n]}` to its sum over all axes but the last: [n]. */
  BIAS_GRADIENT: 'BiasAddGrad',
  /** `{shape: int32 [rank], seed: int32 [2]}` to uniform samples from [0, 1), determined by these two inputs. */
  STATELESS_UNIFORM: 'StatelessRandomUniform',
  /** `{key: [8]}`, eight integers of 16 bits each, and a `count` to as many standard normal samples, determined by the key. */
  STATELESS_NORMAL: 'StatelessNormalSamples',
  /**
   * `{x: NHWC, scale, offset}` and ε to `[output, mean, unbiased variance, …three for the gradient]`, in training mode. The name
   * differs from TensorFlow's because the attributes do.
   */
  BATCH_NORMALIZATION: 'BatchNormalizationInTraining',
  /** `{dy, x, scale, mean, variance, more}` and ε to the gradients of `[x, scale, offset]`. */
  BATCH_NORMALIZATION_GRADIENT: 'BatchNormalizationInTrainingGrad',
  /** `{pixels: [n, m, channels], indices: int32 [n, k], axis: int32 [], 1}` to each row's pixels at its own indices. */
  GATHER_PIXELS: 'GatherPixels',
  /**
   * `{images: [n, height, width, channels], transforms: [n, 8], shape: int32 [2], fill: []}` to images whose pixel (x, y) is the
   * input, interpolated bilinearly, at ((t0·x + t1·y + t2) / k, (t3·x + t4·y + t5) / k) with k = t6·x + t7·y + 1, or `fill`
   * outside the input.
   */
  TRANSFORM_IMAGES: 'ImageProjectiveTransformV3',
} as const;

const T = attribute.type('T', DataType.FLOAT);

/** Registers the extra kernels, and better ones in place of some of tfjs-node-gpu's; once, however often it is called. */
export function registerExtraKernels(): void {
  const isRegistered = getKernel(ExtraKernel.SPARSE_CROSS_ENTROPY, BACKEND_NAME) as unknown;
  if (isRegistered !== undefined) return;
  register(ExtraKernel.SPARSE_CROSS_ENTROPY, ({ inputs, backend }) =>
    tensorFlowOf(backend).executeMultipleOutputs(
      'SparseSoftmaxCrossEntropyWithLogits',
      [T, attribute.type('Tlabels', DataType.INT32)],
      [inputs['logits']!, inputs['labels']!],
      2,
    ),
  );
  register(ExtraKernel.CROSS_ENTROPY, ({ inputs, backend }) =>
    tensorFlowOf(backend).executeMultipleOutputs(
      'SoftmaxCrossEntropyWithLogits',
      [T],
      [inputs['logits']!, inputs['targets']!],
      2,
    ),
  );
  register(ExtraKernel.HALF_SQUARES, ({ inputs, backend }) =>
    tensorFlowOf(backend).executeSingleOutput('L2Loss', [T], [inputs['x']!]),
  );
  register(ExtraKernel.UPLOAD_BYTES, ({ attrs, backend }) => {
    const { bytes, shape } = attrs as unknown as { bytes: Uint8Array; shape: number[] };
    const tensorflow = tensorFlowOf(backend);
    const id = tensorflow.binding.createTensor(shape, DataType.UINT8, bytes);
    return tensorflow.createOutputTensor({ id, shape, dtype: DataType.UINT8 });
  });
  defineKernel(ExtraKernel.GATHER_BYTES, gatherBytes);
  registerActivationGradient(ExtraKernel.RELU_GRADIENT, ['dy', 'y']);
  registerActivationGradient(ExtraKernel.TANH_GRADIENT, ['y', 'dy']);
  registerActivationGradient(ExtraKernel.SIGMOID_GRADIENT, ['y', 'dy']);
  register(ExtraKernel.BIAS_GRADIENT, ({ inputs, backend }) =>
    tensorFlowOf(backend).executeSingleOutput('BiasAddGrad', [T], [inputs['dy']!]),
  );
  // StatelessRandomUniformV2 takes uint64 keys, a type that tfjs lacks.
  register(ExtraKernel.STATELESS_UNIFORM, ({ inputs, backend }) =>
    tensorFlowOf(backend).executeSingleOutput(
      'StatelessRandomUniform',
      [
        attribute.type('dtype', DataType.FLOAT),
        attribute.type('T', DataType.INT32),
        attribute.type('Tseed', DataType.INT32),
      ],
      [inputs['shape']!, inputs['seed']!],
    ),
  );
  defineKernel(ExtraKernel.STATELESS_NORMAL, statelessNormal);
  // tfjs's GatherV2 reads the indices to check them, which is impossible while a step is recorded.
  register(ExtraKernel.GATHER_PIXELS, ({ inputs, backend }) =>
    tensorFlowOf(backend).executeSingleOutput(
      'GatherV2',
      [
        attribute.type('Tparams', DataType.FLOAT),
        attribute.type('Tindices', DataType.INT32),
        attribute.type('Taxis', DataType.INT32),
        attribute.integer('batch_dims', 1),
      ],
      [inputs['pixels']!, inputs['indices']!, inputs['axis']!],
    ),
  );
  register(ExtraKernel.TRANSFORM_IMAGES, ({ inputs, backend }) =>
    tensorFlowOf(backend).executeSingleOutput(
      'ImageProjectiveTransformV3',
      [
        attribute.type('dtype', DataType.FLOAT),
        attribute.text('interpolation', 'BILINEAR'),
        attribute.text('fill_mode', 'CONSTANT'),
      ],
      [inputs['images']!, inputs['transforms']!, inputs['shape']!, inputs['fill']!],
    ),
  );
  registerBatchNormalization();
  registerKernels();
  improveKernelFunction(BatchMatMul, multiplyMatrices);
  improveKernelFunction(Add, addBias);
  improveKernelFunction(GatherV2, gatherRecorded);
  nameKernelErrors();
}

/** TensorFlow's activation gradients differ only in the order of their inputs. */
function registerActivationGradient(name: string, order: readonly [string, string]): void {
  register(name, ({ inputs, backend }) =>
    tensorFlowOf(backend).executeSingleOutput(
      name,
      [T],
      order.map((input) => inputs[input]!),
    ),
  );
}

/** FusedBatchNormV3: the earlier versions lack an output that the gradient needs. */
function registerBatchNormalization(): void {
  const attributes = (epsilon: unknown): NodeAttribute[] => [
    T,
    attribute.type('U', DataType.FLOAT),
    attribute.float('epsilon', epsilon as number),
    attribute.boolean('is_training', true),
  ];
  register(ExtraKernel.BATCH_NORMALIZATION, ({ inputs, attrs, backend }) => {
    const none = tensor1d([]);
    const given = [inputs['x']!, inputs['scale']!, inputs['offset']!, none, none];
    return tensorFlowOf(backend).executeMultipleOutputs(
      'FusedBatchNormV3',
      attributes(attrs!['epsilon']),
      given,
      6,
    );
  });
  register(ExtraKernel.BATCH_NORMALIZATION_GRADIENT, ({ inputs, attrs, backend }) =>
    tensorFlowOf(backend).executeMultipleOutputs(
      'FusedBatchNormGradV3',
      attributes(attrs!['epsilon']),
      ['dy', 'x', 'scale', 'mean', 'variance', 'more'].map((name) => inputs[name]!),
      5,
    ),
  );
}

/** MatMul for two matrices: Grappler fuses it with a bias or an activation that follows. */
const multiplyMatrices: PartialKernel = ({ inputs, attrs, backend }) => {
  const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
  if (a.shape.length !== 2 || b.shape.length !== 2 || a.dtype !== 'float32') return undefined;
  const { transposeA, transposeB } = attrs as unknown as { transposeA: boolean; transposeB: boolean };
  return tensorFlowOf(backend).executeSingleOutput(
    'MatMul',
    [T, attribute.boolean('transpose_a', transposeA), attribute.boolean('transpose_b', transposeB)],
    [a, b],
  );
};

/** BiasAdd for a vector added to every row: Grappler fuses it too. */
const addBias: PartialKernel = ({ inputs, backend }) => {
  const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
  const fits = a.shape.length > 1 && b.shape.length === 1 && b.shape[0] === a.shape.at(-1);
  if (!fits || a.dtype !== 'float32' || b.dtype !== 'float32') return undefined;
  return tensorFlowOf(backend).executeSingleOutput('BiasAdd', [T], [a, b]);
};

/**
 * tfjs's own kernel reads the indices to check them, which a step that is being recorded cannot; TensorFlow checks them, on a CPU, when
 * the program runs.
 */
const gatherRecorded: PartialKernel = ({ inputs, attrs, backend }) => {
  const tensorflow = tensorFlowOf(backend);
  if (!(tensorflow.binding instanceof RecordingBinding)) return undefined;
  const { x, indices } = inputs as { x: Tensor; indices: Tensor };
  const { axis, batchDims } = attrs as unknown as { axis: number; batchDims: number };
  // Checks the shapes and says what is wrong with them.
  backend_util.segment_util.collectGatherOpShapeInfo(x, indices, axis, batchDims);
  return tensorflow.executeSingleOutput(
    'GatherV2',
    [
      attribute.integer('batch_dims', batchDims),
      attribute.type('Tparams', tensorflow.getDTypeInteger(x.dtype)),
      attribute.type('Tindices', DataType.INT32),
      attribute.type('Taxis', DataType.INT32),
    ],
    [x, indices, scalar(axis, 'int32')],
  );
};

function register(kernelName: string, kernelFunc: KernelFunc): void {
  registerKernel({ kernelName, backendName: BACKEND_NAME, kernelFunc });
}

/** The rows of a table of bytes at some indices, as floats. */
function gatherBytes(call: KernelCall): Value {
  const attributes = [
    attribute.type('Tparams', DataType.UINT8),
    attribute.type('Tindices', DataType.INT32),
    attribute.type('Taxis', DataType.INT32),
    attribute.integer('batch_dims', 0),
  ];
  const inputs = [call.input('bytes'), call.input('indices'), call.integers(0)];
  return call.cast(call.run('GatherV2', inputs, attributes), DataType.FLOAT);
}

/**
 * Philox with a key of 128 bits (tfjs has none of the types on the way there), and Box and Muller's transform: TensorFlow's own kernel for
 * normal samples computes them one by one, and takes three times as long.
 */
function statelessNormal(call: KernelCall): Value {
  const { count } = call.attributes as { count: number };
  const half = Math.ceil(count / 2);
  const pieces = call.reshape(call.cast(call.input('key'), DataType.UINT16), [2, 4]);
  const types = [attribute.type('T', DataType.UINT16), attribute.type('type', DataType.INT64)];
  const uniform = call.run(
    'StatelessRandomUniform',
    [call.integers([2 * half + 1]), call.run('Bitcast', [pieces], types)],
    [
      attribute.type('dtype', DataType.FLOAT),
      attribute.type('T', DataType.INT32),
      attribute.type('Tseed', DataType.INT64),
    ],
  );
  const index = attribute.type('Index', DataType.INT32);
  const part = (of: Value, start: number, size: number): Value =>
    call.run('Slice', [of, call.integers([start]), call.integers([size])], [T, index]);
  const [first, second, finer] = [
    part(uniform, 0, half),
    part(uniform, half, half),
    part(uniform, 2 * half, 1),
  ];
  // Uniform numbers have 23 bits and are below 1, so that 1 − u is never 0. With 23 more, which count where it is small and may be the
  // same for all, values reach 8 standard deviations: else they would end at 5.6, and one beyond that would give an image of a private run
  // away.
  const coarse = call.run('Sub', [call.float(1), first], [T]);
  const fine = call.run('Mul', [finer, call.float(2 ** -23)], [T]);
  const logarithm = call.run('Log', [call.run('Sub', [coarse, fine], [T])], [T]);
  const radius = call.run('Sqrt', [call.run('Mul', [logarithm, call.float(-2)], [T])], [T]);
  const angle = call.run('Mul', [second, call.float(2 * Math.PI)], [T]);
  const parts = ['Cos', 'Sin'].map((name) => call.run('Mul', [radius, call.run(name, [angle], [T])], [T]));
  const joined = call.run(
    'ConcatV2',
    [...parts, call.integers(0)],
    [T, attribute.integer('N', 2), attribute.type('Tidx', DataType.INT32)],
  );
  return count === 2 * half ? joined : part(joined, 0, count);
}
