import * as tf from '@tensorflow/tfjs-core';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';

import type { CheckpointDescription } from '../../../src/artifacts/checkpoint.js';
import { Random } from '../../../src/core/random.js';
import { translations } from '../../../src/deployment/onnx/operations.js';
import { translateToOnnx } from '../../../src/deployment/onnx/translate.js';
import { traceAnyBatch } from '../../../src/engine/tracing/batch-trace.js';
import type { Forward } from '../../../src/engine/running/program.js';
import type { Trace } from '../../../src/engine/tracing/trace.js';
import { hog } from '../../../src/models/features/hog.js';
import { checkpointDescription } from '../../support/checkpoints.js';
import { toolkitError } from '../../support/errors.js';
import { startTensorFlow } from '../../support/training.js';

const SHAPE = { height: 6, width: 5, channels: 3 };
const SCALING = { scaling: 'zero-one', scale: 1 / 255, offset: 0.25 };
const description: CheckpointDescription = checkpointDescription({ shape: SHAPE, preprocessing: SCALING });

beforeAll(() => startTensorFlow());

function numbers(count: number, low = -1): Float32Array {
  const random = new Random(9, 'numbers');
  return Float32Array.from({ length: count }, () => low + (random.integer(1001) / 1000) * (1 - low));
}

const weights = (...shape: number[]): tf.Variable =>
  tf.variable(tf.tensor(numbers(shape.reduce((product, size) => product * size, 1)), shape));
const flat = (images: tf.Tensor): tf.Tensor2D => tf.reshape(images, [images.shape[0], 90]);

/** Functions of a tensor, by what they try; each is put after a scaling to −1…1 or so. */
const elementwise: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  relu: tf.relu,
  tanh: tf.tanh,
  sigmoid: tf.sigmoid,
  elu: tf.elu,
  selu: tf.selu,
  erf: tf.erf,
  softplus: tf.softplus,
  exp: tf.exp,
  log: (x) => tf.log(tf.abs(x)),
  sqrt: (x) => tf.sqrt(tf.abs(x)),
  rsqrt: (x) => tf.rsqrt(tf.add(tf.abs(x), 1)),
  neg: tf.neg,
  floor: (x) => tf.floor(tf.mul(x, 3)),
  ceil: (x) => tf.ceil(tf.mul(x, 3)),
  reciprocal: (x) => tf.reciprocal(tf.add(tf.abs(x), 1)),
  square: tf.square,
  'squared difference': (x) => tf.squaredDifference(x, 0.3),
  relu6: (x) => tf.relu6(tf.mul(x, 10)),
  'leaky relu': (x) => tf.leakyRelu(x, 0.1),
  power: (x) => tf.pow(tf.abs(x), 1.5),
  arithmetic: (x) => tf.div(tf.sub(tf.add(x, 2), tf.mul(x, 0.5)), 3),
  clip: (x) => tf.maximum(tf.minimum(x, 0.4), -0.2),
  softmax: (x) => tf.softmax(flat(x)),
  'log softmax': (x) => tf.logSoftmax(flat(x)),
  swish: (x) => tf.mul(x, tf.sigmoid(x)),
};

const conv = (
  x: tf.Tensor,
  filter: tf.Tensor,
  strides: number,
  pad: 'same' | 'valid' | number,
  dilations = 1,
): tf.Tensor => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, pad, 'NHWC', dilations);

const shaped: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  'a dense layer': layer(weights90x7, (x, held) =>
    tf.add(tf.matMul(flat(x), held as tf.Tensor2D), tf.reshape(tf.slice(held, [0, 0], [1, 7]), [7])),
  ),
  'transposed factors': layer(
    () => weights(7, 90),
    (x, held) => tf.matMul(flat(x), held, false, true),
  ),
  'a product of batches': (x) => {
    const rows = tf.reshape(x, [x.shape[0], 6, 15]);
    return tf.matMul(rows, rows, false, true);
  },
  'a transposition': (x) => tf.transpose(x, [0, 3, 1, 2]),
  'means over images': (x) => tf.mean(x, [1, 2]),
  'a mean that keeps its axes': (x) => tf.sub(x, tf.mean(x, [1, 2], true)),
  sums: (x) => tf.sum(x, 3),
  'a sum that keeps its axis': (x) => tf.div(x, tf.add(tf.sum(tf.abs(x), 3, true), 1)),
  'largest values': (x) => tf.max(x, [1, 2]),
  'least values': (x) => tf.min(x, 3),
  products: (x) => tf.prod(x, 3),
  'a cast': (x) => tf.cast(tf.cast(tf.mul(x, 5), 'int32'), 'float32'),
  padding: (x) =>
    tf.pad(
      x,
      [
        [0, 0],
        [1, 2],
        [0, 3],
        [0, 0],
      ],
      0.5,
    ),
  'a concatenation': (x) => tf.concat([x, tf.relu(x), x], 3),
  'a slice': (x) => tf.slice(x, [0, 1, 0, 1], [-1, 4, 5, 2]),
  'parts along an axis': (x) => {
    const [first, second] = tf.split(x, [1, 2], 3);
    return tf.mul(first!, second!);
  },
  'values along an axis': (x) => {
    const [first, second, third] = tf.unstack(x, 3);
    return tf.stack([third!, tf.mul(first!, second!)], 1);
  },
  'heads of an attention': (x) => {
    const heads = tf.transpose(tf.reshape(x, [x.shape[0], 6, 5, 3]), [0, 2, 1, 3]);
    return tf.matMul(tf.softmax(tf.matMul(heads, heads, false, true)), heads);
  },
  'a slice of channels': (x) => tf.slice(x, [0, 0, 0, 0], [x.shape[0], 6, 5, 2]),
  'a convolution, same': layer(filter, (x, held) => conv(x, held, 1, 'same')),
  'a convolution with strides, same': layer(filter, (x, held) => conv(x, held, 2, 'same')),
  'a convolution with strides, valid': layer(filter, (x, held) => conv(x, held, 2, 'valid')),
  'a dilated convolution': layer(filter, (x, held) => conv(x, held, 1, 'same', 2)),
  'a depthwise convolution': layer(
    () => weights(3, 2, 3, 2),
    (x, held) => tf.depthwiseConv2d(x as tf.Tensor4D, held as tf.Tensor4D, 1, 'same'),
  ),
  'largest of windows': (x) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'same'),
  'means of windows': (x) => tf.avgPool(x as tf.Tensor4D, [3, 2], 2, 'same'),
  'means of windows, valid': (x) => tf.avgPool(x as tf.Tensor4D, 2, 1, 'valid'),
  'histograms of oriented gradients': (x) => {
    const extractor = hog.build(hog.options.parse({ hogCellSize: 2 }), SHAPE)!;
    return extractor.apply(x as tf.Tensor4D, new Map());
  },
  'batch normalisation': layer(
    () => weights(3),
    (x, held) =>
      tf.batchNorm(
        x as tf.Tensor4D,
        held as tf.Tensor1D,
        tf.abs(held) as tf.Tensor1D,
        held as tf.Tensor1D,
        held as tf.Tensor1D,
        1e-3,
      ),
  ),
};

function weights90x7(): tf.Variable {
  return weights(90, 7);
}

function filter(): tf.Variable {
  return weights(3, 3, 3, 4);
}

/** A function with weights, which are made when it is first called: TensorFlow has to be there. */
function layer(
  make: () => tf.Variable,
  apply: (x: tf.Tensor, held: tf.Tensor) => tf.Tensor,
): (x: tf.Tensor) => tf.Tensor {
  let held: tf.Variable | undefined;
  return (x) => {
    held ??= make();
    return apply(x, held);
  };
}

const functions = { ...elementwise, ...shaped };
const seen = new Set<string>();

function record(run: (x: tf.Tensor) => tf.Tensor): { forward: Forward; pass: Trace } {
  const forward: Forward = (images) => run(images) as tf.Tensor2D;
  // Weights are made outside the recording.
  tf.tidy(() => forward(tf.zeros([1, SHAPE.height, SHAPE.width, SHAPE.channels])));
  return { forward, pass: traceAnyBatch(forward, SHAPE) };
}

async function expectSame(run: (x: tf.Tensor) => tf.Tensor, input: 'uint8' | 'float32'): Promise<void> {
  const { forward, pass } = record(run);
  for (const { name } of pass.operations) seen.add(name);
  const model = await translateToOnnx(pass, description, { input, weights: 'float32' });
  const session = await InferenceSession.create(model, { logSeverityLevel: 3 });
  for (const count of [1, 4]) {
    const random = new Random(count, 'pixels');
    const pixels = Uint8Array.from({ length: count * 90 }, () => random.integer(256));
    const sizes: [number, number, number, number] = [count, SHAPE.height, SHAPE.width, SHAPE.channels];
    const fed =
      input === 'uint8'
        ? new Tensor('uint8', pixels, sizes)
        : new Tensor('float32', Float32Array.from(pixels), sizes);
    const { logits } = await session.run({ images: fed });
    const expected = tf.tidy(() => {
      const scaled = Float32Array.from(pixels, (pixel) => pixel * SCALING.scale + SCALING.offset);
      return forward(tf.tensor4d(scaled, sizes)).clone();
    });
    const values = await expected.data<'float32'>();
    expect(logits!.dims).toEqual(expected.shape);
    (logits!.data as Float32Array).forEach((value, index) => {
      expect(Math.abs(value - values[index]!)).toBeLessThan(1e-5 * Math.max(1, Math.abs(values[index]!)));
    });
    expected.dispose();
  }
  await session.release();
}

describe('in ONNX Runtime and in TensorFlow the same comes of', () => {
  it.each(Object.keys(functions))('%s', (name) => expectSame(functions[name]!, 'uint8'));

  it('pixels as floats', () => expectSame(tf.relu, 'float32'));

  it('every operation of the table that tfjs can make', () => {
    // TensorFlow has several names for some; tfjs uses the others.
    const aliases = ['AddV2', 'Identity'];
    const untried = Object.keys(translations).filter((name) => !seen.has(name) && !aliases.includes(name));
    expect(untried).toEqual([]);
  });
});

describe('refused, by name, is', () => {
  it('an operation without an entry', async () => {
    const { pass } = record((x) => tf.cumsum(x, 1));
    const translated = translateToOnnx(pass, description, { input: 'uint8', weights: 'float32' });
    const error = await toolkitError('EXPORT_UNSUPPORTED', translated);
    expect(error.message).toContain('the operation Cumsum has no counterpart');
  });

  it('what depends on the number of images', async () => {
    const scaled = (x: tf.Tensor): tf.Tensor => tf.div(x, tf.scalar(x.shape[0]));
    const error = await toolkitError('STEP_NOT_TRACEABLE', () => record(scaled));
    expect(error.message).toContain('RealDiv depends on the number of images');
  });
});
