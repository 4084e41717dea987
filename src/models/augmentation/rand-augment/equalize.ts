import {
  add,
  cast,
  clipByValue,
  cumsum,
  denseBincount,
  div,
  equal,
  floor,
  gather,
  max,
  maximum,
  minimum,
  mul,
  reshape,
  sub,
  sum,
  tensor1d,
  transpose,
  zeros,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

const LEVELS = 256;

/**
 * torchvision's `equalize`: a map of pixel values for each image and channel, after which as many pixels lie in each part of the range. A
 * channel with too few values to spread stays as it is.
 *
 * @param pixels whole numbers from 0 to 255
 */
export function equalize(pixels: Tensor4D): Tensor4D {
  const [count, height, width, channels] = pixels.shape;
  const area = height * width;
  const maps = count * channels;
  const step = stepsOf(pixels, area);
  const starts = Array.from({ length: maps }, (_, map) => map * LEVELS);
  const first = reshape(tensor1d(starts), [count, 1, 1, channels]);
  const places: Tensor1D = cast(reshape(add(pixels, first), [count * area * channels]), 'int32');
  const below = cumsum(reshape(histograms(pixels), [count, 1, 1, channels, LEVELS]), 4, true);
  const divisor = reshape(maximum(step, 1), [count, 1, 1, channels, 1]);
  const spread = clipByValue(floor(div(add(below, floor(mul(divisor, 0.5))), divisor)), 0, LEVELS - 1);
  const mapped = reshape(gather(reshape(spread, [maps * LEVELS]), places), [count, height, width, channels]);
  const isSpread = minimum(step, 1);
  return add(mul(mapped, isSpread), mul(pixels, sub(1, isSpread)));
}

/** How often each value occurs in each channel of each image: [n · channels, 256]. */
function histograms(pixels: Tensor4D): Tensor {
  const [count, height, width, channels] = pixels.shape;
  const maps: Tensor2D = reshape(transpose(pixels, [0, 3, 1, 2]), [count * channels, height * width]);
  const unweighted: Tensor2D = zeros([0, 0]);
  return cast(denseBincount(cast<Tensor2D>(maps, 'int32'), unweighted, LEVELS), 'float32');
}

/** How many pixels share a value of the result: those below the largest value, over the range. [n, 1, 1, channels] */
function stepsOf(pixels: Tensor4D, area: number): Tensor {
  const largest = max(pixels, [1, 2], true);
  const atLargest = sum(cast(equal(pixels, largest), 'float32'), [1, 2], true);
  // A division, as a product with 1 ÷ 255 could be rounded to less than a whole number.
  return floor(div(sub(area, atLargest), LEVELS - 1));
}
