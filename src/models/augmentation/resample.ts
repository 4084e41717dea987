import {
  add,
  cast,
  clipByValue,
  concat,
  floor,
  fill as filled,
  mul,
  pad,
  reshape,
  scalar,
  sub,
  tensor2d,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

import type { ImageShape } from '../../core/images.js';
import { gatherPixels, transformImages } from '../../engine/tracing/operations.js';
import type { AffineMap } from './affine.js';
import type { Displacement } from './elastic.js';

/**
 * Resamples images [n, height, width, channels]: each pixel is interpolated bilinearly at its source position, by the map and then the
 * displacement.
 *
 * @param outside the value outside the image
 */
export function resample(
  images: Tensor4D,
  map: AffineMap,
  displacement: Displacement | undefined,
  outside: number,
): Tensor4D {
  if (!displacement) {
    const transformed = transformImages(images, transformsOf(map), outside);
    if (transformed) return transformed;
  }
  const [, height, width] = images.shape;
  const { x, y } = pixelPlaces({ height, width });
  const fromX = add(add(mul(map.xx, x), mul(map.xy, y)), map.x0);
  const fromY = add(add(mul(map.yx, x), mul(map.yy, y)), map.y0);
  if (!displacement) return interpolate(images, fromX, fromY, outside);
  return interpolate(images, add(fromX, displacement.x), add(fromY, displacement.y), outside);
}

/** The map for TensorFlow's kernel: [n, 8]; the last two coefficients, for perspective, are zero. */
function transformsOf({ xx, xy, x0, yx, yy, y0 }: AffineMap): Tensor {
  const none = filled([xx.shape[0], 2], 0);
  return concat([xx, xy, x0, yx, yy, y0, none], 1);
}

/** The coordinates of an image's pixels, row by row: each [1, height × width]. */
function pixelPlaces({ height, width }: Pick<ImageShape, 'height' | 'width'>): { x: Tensor; y: Tensor } {
  const places = Array.from({ length: height * width }, (_, pixel) => pixel);
  return {
    x: tensor2d([places.map((pixel) => pixel % width)]),
    y: tensor2d([places.map((pixel) => Math.floor(pixel / width))]),
  };
}

/** Bilinear interpolation of images at positions [n, height × width]. */
function interpolate(images: Tensor4D, x: Tensor, y: Tensor, outside: number): Tensor4D {
  const [count, height, width, channels] = images.shape;
  // A border of one pixel stands for the outside: positions beyond it are clamped.
  const border: [number, number] = [1, 1];
  const stride = width + 2;
  const padded = pad(images, [[0, 0], border, border, [0, 0]], outside);
  const pixels = reshape(padded, [count, (height + 2) * stride, channels]);
  const horizontal = neighbours(x, width);
  const vertical = neighbours(y, height);
  const first = cast(add(mul(vertical.before, stride), horizontal.before), 'int32');
  const at = (offset: number): Tensor =>
    gatherPixels(pixels, offset === 0 ? first : add(first, scalar(offset, 'int32')));
  const across = (offset: number): Tensor => {
    const left = at(offset);
    return add(left, mul(sub(at(offset + 1), left), reshape(horizontal.share, [count, -1, 1])));
  };
  const above = across(0);
  const below = across(stride);
  const values = add(above, mul(sub(below, above), reshape(vertical.share, [count, -1, 1])));
  return reshape(values, [count, height, width, channels]);
}

/** The pixel before each position, counted from the border, and the weight of the pixel after it. */
function neighbours(place: Tensor, side: number): { before: Tensor; share: Tensor } {
  const fromBorder = clipByValue(add(place, 1), 0, side + 1);
  // Clamped, so that the next pixel exists.
  const before = clipByValue(floor(fromBorder), 0, side);
  return { before, share: sub(fromBorder, before) };
}
