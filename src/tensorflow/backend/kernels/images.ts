import {
  backend_util,
  FlipLeftRight,
  NonMaxSuppressionV5,
  RotateWithOffset,
  Transform,
  type NonMaxSuppressionV5Attrs,
  type RotateWithOffsetAttrs,
  type TransformAttrs,
} from '@tensorflow/tfjs-core';

import { DataType } from '../../c-api/data-types.js';
import { attribute } from '../../c-api/graph-builder.js';
import { defineKernel, type KernelCall, type Value } from './kernel-call.js';

/** The channel of an image's opacity, and what is opaque, as tfjs's own cpu backend has it. */
const OPACITY = 3;
const OPAQUE = 255;

/** Kernels of images. */
export function registerImageKernels(): void {
  defineKernel(FlipLeftRight, (call) => {
    const attributes = [attribute.type('Tidx', DataType.INT32)];
    return call.run('ReverseV2', [call.input('image'), call.integers([2])], attributes);
  });
  defineKernel(Transform, (call) => {
    const { interpolation, fillMode, fillValue, outputShape } = call.attributes as TransformAttrs;
    const image = call.input('image');
    const size = outputShape ?? (image.shape.slice(1, 3) as [number, number]);
    const attributes = [
      attribute.type('dtype', image.dtype),
      attribute.text('interpolation', interpolation.toUpperCase()),
      attribute.text('fill_mode', fillMode.toUpperCase()),
    ];
    const inputs = [image, call.input('transforms'), call.integers(size), call.float(fillValue)];
    return call.run('ImageProjectiveTransformV3', inputs, attributes);
  });
  defineKernel(RotateWithOffset, rotate);
  defineKernel(NonMaxSuppressionV5, (call) => {
    const given = call.attributes as NonMaxSuppressionV5Attrs;
    const inputs = [
      call.input('boxes'),
      call.input('scores'),
      call.integers(given.maxOutputSize),
      call.float(given.iouThreshold),
      call.float(given.scoreThreshold),
      call.float(given.softNmsSigma),
    ];
    const attributes = [
      attribute.type('T', DataType.FLOAT),
      attribute.boolean('pad_to_max_output_size', false),
    ];
    return call.runAll('NonMaxSuppressionV5', inputs, attributes, 3).slice(0, 2);
  });
}

/** Turns images about a point; each pixel is the nearest one of the source, or the filling. */
function rotate(call: KernelCall): Value {
  const { radians, fillValue, center } = call.attributes as RotateWithOffsetAttrs;
  const image = call.input('image');
  const [, height = 0, width = 0, channels = 0] = image.shape;
  const [x, y] = backend_util.getImageCenter(center, height, width);
  const [sine, cosine] = [Math.sin(radians), Math.cos(radians)];
  const transform = call.floats(
    [cosine, -sine, x - cosine * x + sine * y, sine, cosine, y - sine * x - cosine * y, 0, 0],
    [1, 8],
  );
  const turn = (value: Value, fill: number): Value =>
    call.run(
      'ImageProjectiveTransformV3',
      [value, transform, call.integers([height, width]), call.float(fill)],
      [
        attribute.type('dtype', value.dtype),
        attribute.text('interpolation', 'NEAREST'),
        attribute.text('fill_mode', 'CONSTANT'),
      ],
    );
  if (typeof fillValue === 'number') return turn(image, fillValue);
  const filling = Array.from({ length: channels }, (_, channel) =>
    channel === OPACITY ? OPAQUE : (fillValue[channel] ?? 0),
  );
  const inside = turn(call.run('OnesLike', [image]), 0);
  const shape = call.integers(image.shape);
  const around = call.run('BroadcastTo', [call.cast(call.floats(filling), image.dtype), shape]);
  return call.run('SelectV2', [call.cast(inside, DataType.BOOL), turn(image, 0), around]);
}
