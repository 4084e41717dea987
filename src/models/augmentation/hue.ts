import {
  add,
  cast,
  clipByValue,
  concat,
  div,
  equal,
  floor,
  max,
  min,
  minimum,
  mul,
  reshape,
  slice,
  sub,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

import type { PixelScaling } from '../../core/images.js';
import type { Randomness } from '../../engine/tracing/randomness.js';

/** Changes the hue of images in colour by a share of the colour circle, uniform from −`limit` to `limit`, as torchvision's `ColorJitter`. */
export function changeHue(
  images: Tensor4D,
  limit: number,
  scaling: PixelScaling,
  randomness: Randomness,
): Tensor4D {
  const drawn = randomness.uniform([images.shape[0], 1], 'augmentation/hue');
  return turnHue(images, mul(sub(drawn, 0.5), 2 * limit), scaling);
}

/**
 * torchvision's `adjust_hue`: turns the hue in the HSV model (Smith, "Color gamut transform pairs", 1978), and leaves saturation and value as
 * they are. All places of the circle are computed by the same formula.
 *
 * @param shares of the circle, [n, 1]
 */
export function turnHue(images: Tensor4D, shares: Tensor, { scale, offset }: PixelScaling): Tensor4D {
  const [count] = images.shape;
  const unit: Tensor4D = mul(sub(images, offset), 1 / (255 * scale));
  const value: Tensor4D = max(unit, 3, true);
  const chroma: Tensor4D = sub(value, min(unit, 3, true));
  const turned = add(hueOf(unit, value, chroma), reshape(shares, [count, 1, 1, 1]));
  // As far from red, green and blue, in sixths of the circle, as a channel is from its peak: 0 and 1 are full, 2 to 4 are empty.
  const channels = [5, 3, 1].map((start) => {
    const place = add(mul(turned, 6), start);
    const sixth = sub(place, mul(floor(mul(place, 1 / 6)), 6));
    const missing = clipByValue(minimum(sixth, sub(4, sixth)), 0, 1);
    return sub<Tensor4D>(value, mul(chroma, missing));
  });
  return add(mul(concat(channels, 3), 255 * scale), offset);
}

/** The hue as a share of the circle, from red on; of grey pixels, 0. */
function hueOf(unit: Tensor4D, value: Tensor4D, chroma: Tensor4D): Tensor {
  const [count, height, width] = unit.shape;
  const channel = (index: number): Tensor => slice(unit, [0, 0, 0, index], [count, height, width, 1]);
  const [red, green, blue] = [channel(0), channel(1), channel(2)];
  const isRed = cast(equal(red, value), 'float32');
  const isGreen = mul(cast(equal(green, value), 'float32'), sub(1, isRed));
  const isBlue = sub(sub(1, isRed), isGreen);
  // Divided by 1 where there is no chroma.
  const divisor = add(chroma, cast(equal(chroma, 0), 'float32'));
  const sixths = (place: number, from: Tensor, to: Tensor): Tensor => add(div(sub(to, from), divisor), place);
  return mul(
    add(
      add(mul(isRed, sixths(0, blue, green)), mul(isGreen, sixths(2, red, blue))),
      mul(isBlue, sixths(4, green, red)),
    ),
    1 / 6,
  );
}
