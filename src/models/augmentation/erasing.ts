import {
  add,
  cast,
  clipByValue,
  div,
  exp,
  floor,
  greaterEqual,
  less,
  logicalAnd,
  mul,
  reshape,
  sqrt,
  sub,
  tensor,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

import type { PixelScaling } from '../../core/images.js';
import type { Randomness } from '../../engine/tracing/randomness.js';

/** The paper's range of the rectangle's area, as a share of the image, and its largest aspect ratio. */
const AREA = [0.02, 0.4] as const;
const LONGEST = 1 / 0.3;

/**
 * Random erasing (Zhong et al., "Random erasing data augmentation", 2020): with a probability, a rectangle of the image becomes
 * noise, uniform over the pixel range. The paper redraws a rectangle that does not fit; here its side is cut to the image's. Both
 * orientations are equally likely.
 */
export function eraseRectangles(
  images: Tensor4D,
  probability: number,
  { scale, offset }: PixelScaling,
  randomness: Randomness,
): Tensor4D {
  const { shape } = images;
  const [count, height, width] = shape;
  const draw = (purpose: string, size: readonly number[] = [count, 1]): Tensor =>
    randomness.uniform(size, `augmentation/erasing-${purpose}`);
  const area = mul(add(mul(draw('area'), AREA[1] - AREA[0]), AREA[0]), height * width);
  const ratio = exp(mul(sub(draw('ratio'), 0.5), 2 * Math.log(LONGEST)));
  const isErased = less(draw('probability'), probability);
  const rows = span(sqrt(mul(area, ratio)), draw('y'), height);
  const columns = span(sqrt(div(area, ratio)), draw('x'), width);
  const inRows = cast(logicalAnd(rows, isErased), 'float32');
  const inColumns = cast(columns, 'float32');
  const erased = mul(reshape(inRows, [count, height, 1, 1]), reshape(inColumns, [count, 1, width, 1]));
  const noise = add(mul(draw('noise', shape), 255 * scale), offset);
  return add(mul(images, sub(1, erased)), mul(noise, erased));
}

/** The mask of an interval within a side, its length rounded: booleans [n, side]. */
function span(length: Tensor, position: Tensor, side: number): Tensor {
  const size = clipByValue(floor(add(length, 0.5)), 1, side);
  const start = floor(mul(position, add(sub(side, size), 1)));
  const pixels = tensor(
    Array.from({ length: side }, (_, pixel) => pixel),
    [1, side],
    'float32',
  );
  return logicalAnd(greaterEqual(pixels, start), less(pixels, add(start, size)));
}
