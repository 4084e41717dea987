import {
  add,
  mul,
  reshape,
  scalar,
  tensor1d,
  tensor4d,
  type Tensor1D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

import { ExtraKernel } from '../tensorflow/tfjs-backend.js';
import { pixelsPerImage, type LabelledImages, type PixelScaling } from './images.js';
import { gatherBytes, hasKernel, uploadBytes } from './operations.js';

/** Some examples, as a model takes them. */
export interface Batch {
  /** Scaled pixels: float32 [n, height, width, channels]. */
  images: Tensor4D;
  /** Class numbers: int32 [n]. */
  labels: Tensor1D;
}

/** A data set where the backend computes; batches are taken from it by index. */
export interface DeviceImages {
  readonly count: number;
  /** The examples at some indices; the caller disposes of them, or calls this inside `tidy`. */
  batch(indices: Int32Array): Batch;
  dispose(): void;
}

/**
 * Hands a data set to the backend in use. TensorFlow holds the bytes on its device and scales there; the other backends
 * compute in this process's memory, where the bytes already are.
 */
export function placeOnDevice(data: LabelledImages, scaling: PixelScaling): DeviceImages {
  return hasKernel(ExtraKernel.UPLOAD_BYTES) ? placeNatively(data, scaling) : scaleOnHost(data, scaling);
}

function placeNatively(
  { count, shape, pixels, labels }: LabelledImages,
  scaling: PixelScaling,
): DeviceImages {
  const { height, width, channels } = shape;
  const bytes = uploadBytes(pixels, [count, pixelsPerImage(shape)]);
  const scale = scalar(scaling.scale);
  const offset = scalar(scaling.offset);
  return {
    count,
    batch(indices) {
      const rows = gatherBytes(bytes, tensor1d(indices, 'int32'));
      const images = add(mul(rows, scale), offset);
      return {
        images: reshape(images, [indices.length, height, width, channels]),
        labels: labelsAt(labels, indices),
      };
    },
    dispose() {
      for (const tensor of [bytes, scale, offset]) tensor.dispose();
    },
  };
}

function scaleOnHost({ count, shape, pixels, labels }: LabelledImages, scaling: PixelScaling): DeviceImages {
  const size = pixelsPerImage(shape);
  const scaled = Float32Array.from({ length: 256 }, (_, pixel) => pixel * scaling.scale + scaling.offset);
  return {
    count,
    batch(indices) {
      const values = new Float32Array(indices.length * size);
      indices.forEach((index, row) => {
        const start = index * size;
        for (let pixel = 0; pixel < size; pixel++) {
          values[row * size + pixel] = scaled[pixels[start + pixel]!]!;
        }
      });
      const images = tensor4d(values, [indices.length, shape.height, shape.width, shape.channels]);
      return { images, labels: labelsAt(labels, indices) };
    },
    dispose() {
      // The bytes belong to the caller.
    },
  };
}

function labelsAt(labels: Uint8Array, indices: Int32Array): Tensor1D {
  return tensor1d(
    Int32Array.from(indices, (index) => labels[index]!),
    'int32',
  );
}
