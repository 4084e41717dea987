import {
  add,
  keep,
  mul,
  reshape,
  scalar,
  tensor1d,
  tensor4d,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

import { ExtraKernel } from '../../tensorflow/backend/extra-kernels.js';
import {
  pixelsPerImage,
  rowsAt,
  type Examples,
  type LabelledImages,
  type PixelScaling,
} from '../../core/images.js';
import { hasKernel } from '../tracing/gradients.js';
import { gatherBytes, uploadBytes } from '../tracing/operations.js';

/** A batch of examples, as a model's input. */
export interface Batch {
  /** Scaled pixels: float32 [n, height, width, channels]. */
  images: Tensor4D;
  /** Class indices: int32 [n]. */
  labels: Tensor1D;
}

/** A data set on the backend's device. */
export interface DeviceImages {
  readonly count: number;
  /** The examples in this process's memory. */
  readonly source: Examples;
  readonly scaling: PixelScaling;
  /** The batch of the examples at some indices; the caller disposes of it, or calls this inside `tidy`. */
  batch(indices: Int32Array): Batch;
  /** Replaces the examples by others of the same shape: the next shard of a data set that does not fit into memory. */
  replace(source: LabelledImages): void;
  dispose(): void;
}

/**
 * Makes a data set available to the current backend. TensorFlow keeps the bytes on its device and scales them there; they are uploaded
 * with the first batch, because compiled programs keep a copy of their own. Other backends compute in this process's memory.
 */
export function placeOnDevice(data: LabelledImages, scaling: PixelScaling): DeviceImages {
  return hasKernel(ExtraKernel.UPLOAD_BYTES) ? placeNatively(data, scaling) : scaleOnHost(data, scaling);
}

/** Makes features that were computed from images available to the current backend, which takes each batch from this process's memory. */
export function placeFeatures(data: Examples): DeviceImages {
  return scaleOnHost(data, { scale: 1, offset: 0 });
}

function placeNatively(first: LabelledImages, scaling: PixelScaling): DeviceImages {
  let source = first;
  let uploaded: Tensor | undefined;
  const scale = scalar(scaling.scale);
  const offset = scalar(scaling.offset);
  return {
    get count() {
      return source.count;
    },
    get source() {
      return source;
    },
    scaling,
    batch(indices) {
      const { count, shape, pixels, labels } = source;
      const { height, width, channels } = shape;
      uploaded ??= keep(uploadBytes(pixels, [count, pixelsPerImage(shape)]));
      const rows = gatherBytes(uploaded, tensor1d(indices, 'int32'));
      const images = add(mul(rows, scale), offset);
      return {
        images: reshape(images, [indices.length, height, width, channels]),
        labels: labelsAt(labels, indices),
      };
    },
    replace(next) {
      source = next;
      uploaded?.dispose();
      uploaded = undefined;
    },
    dispose() {
      for (const tensor of [uploaded, scale, offset]) tensor?.dispose();
      uploaded = undefined;
    },
  };
}

function scaleOnHost(first: Examples, scaling: PixelScaling): DeviceImages {
  let source = first;
  return {
    get count() {
      return source.count;
    },
    get source() {
      return source;
    },
    scaling,
    batch: (indices) => hostBatch({ source, scaling }, indices),
    replace(next) {
      source = next;
    },
    dispose() {
      // The caller owns the bytes.
    },
  };
}

/** The batch of the examples at some indices, scaled in JavaScript. */
export function hostBatch(
  { source, scaling }: Pick<DeviceImages, 'source' | 'scaling'>,
  indices: Int32Array,
): Batch {
  const { shape, labels } = source;
  const images = tensor4d(hostInputs({ source, scaling }, indices), [
    indices.length,
    shape.height,
    shape.width,
    shape.channels,
  ]);
  return { images, labels: labelsAt(labels, indices) };
}

/** Scaled examples at some indices, one after the other, in this process's memory. */
export function hostInputs(
  { source: { pixels, shape }, scaling }: Pick<DeviceImages, 'source' | 'scaling'>,
  indices: Int32Array,
): Float32Array {
  const size = pixelsPerImage(shape);
  if (pixels instanceof Float32Array) return rowsAt(pixels, indices, size);
  const values = new Float32Array(indices.length * size);
  const scaled = Float32Array.from({ length: 256 }, (_, pixel) => pixel * scaling.scale + scaling.offset);
  indices.forEach((index, row) => {
    const start = index * size;
    for (let pixel = 0; pixel < size; pixel++) {
      values[row * size + pixel] = scaled[pixels[start + pixel]!]!;
    }
  });
  return values;
}

function labelsAt(labels: Uint8Array, indices: Int32Array): Tensor1D {
  return tensor1d(
    Int32Array.from(indices, (index) => labels[index]!),
    'int32',
  );
}
