import {
  add,
  cast,
  equal,
  floor,
  mul,
  reshape,
  sub,
  tensor2d,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

import { gatherPixels } from '../../engine/tracing/operations.js';
import type { Randomness } from '../../engine/tracing/randomness.js';
import type { EdgeName } from './edge-names.js';
import { insideEdges } from './edges.js';

/**
 * Pads images by some pixels on each side, and crops a part of the original size at a random place: torchvision's `RandomCrop(size,
 * padding)`.
 *
 * @param outside the value of `constant` padding
 */
export function cropImages(
  images: Tensor4D,
  padding: number,
  { edge, outside }: { edge: EdgeName; outside: number },
  randomness: Randomness,
): Tensor4D {
  const [count] = images.shape;
  const draw = (direction: string): Tensor =>
    floor(mul(randomness.uniform([count, 1], `augmentation/crop-${direction}`), 2 * padding + 1));
  return cropAt(images, { x: draw('x'), y: draw('y') }, padding, { edge, outside });
}

/**
 * Crops padded images at a place: torchvision's `pad` and `crop`.
 *
 * @param place of the upper left corner in the padded image: whole numbers, [n, 1]
 */
export function cropAt(
  images: Tensor4D,
  place: { x: Tensor; y: Tensor },
  padding: number,
  { edge, outside }: { edge: EdgeName; outside: number },
): Tensor4D {
  const [count, height, width, channels] = images.shape;
  const columns = sourcesOf(place.x, width, padding, edge);
  const rows = sourcesOf(place.y, height, padding, edge);
  const sources = add(
    reshape(mul(rows.inside, width), [count, height, 1]),
    reshape(columns.inside, [count, 1, width]),
  );
  const indices = cast(reshape(sources, [count, height * width]), 'int32');
  const pixels = gatherPixels(reshape(images, [count, height * width, channels]), indices);
  const cropped: Tensor4D = reshape(pixels, [count, height, width, channels]);
  if (edge !== 'constant') return cropped;
  const isInside = mul(
    reshape(rows.isInside, [count, height, 1, 1]),
    reshape(columns.isInside, [count, 1, width, 1]),
  );
  return add(mul(cropped, isInside), mul(sub(1, isInside), outside));
}

/** Where the pixels of a side come from, and whether that is in the image: 1 or 0. Each is [n, side]. */
function sourcesOf(
  start: Tensor,
  side: number,
  padding: number,
  edge: EdgeName,
): { inside: Tensor; isInside: Tensor } {
  const pixels = tensor2d([Array.from({ length: side }, (_, pixel) => pixel - padding)]);
  const places = add(start, pixels);
  const inside = insideEdges(places, side, edge);
  return { inside, isInside: cast(equal(places, inside), 'float32') };
}
