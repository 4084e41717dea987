import {
  add,
  cast,
  clipByValue,
  concat,
  cos,
  div,
  floor,
  greaterEqual,
  less,
  maximum,
  mean,
  mul,
  pow,
  reshape,
  slice,
  sqrt,
  square,
  sub,
  tensor1d,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

import type { Randomness } from '../../engine/tracing/randomness.js';
import { isMixing, type MixingOptions } from './mixing-options.js';

/** Images into which others of the batch were mixed. */
export interface MixedImages {
  images: Tensor4D;
  /** The labels of what was mixed in: int32 [n]. */
  others: Tensor1D;
  /** How much of each image was mixed in, from 0 to 1. */
  share: Scalar;
}

/** Mixes the images of a batch with a step's random numbers. */
export type Mixing = (images: Tensor4D, labels: Tensor1D, randomness: Randomness) => MixedImages;

/** Smaller divisors than these are no numbers. */
const SMALLEST = 1e-30;

/**
 * MixUp (Zhang et al., "mixup: Beyond empirical risk minimization", 2018) or CutMix (Yun et al., "CutMix: Regularization strategy to train
 * strong classifiers with localizable features", 2019) of some options; of both, one in each step, each equally likely. As in torchvision,
 * each image is mixed with the one before it in the (shuffled) batch, and a batch has one share. Undefined if the options ask for neither.
 */
export function mixing(options: MixingOptions): Mixing | undefined {
  const { augmentMixup, augmentCutmix } = options;
  if (!isMixing(options)) return undefined;
  return (images, labels, randomness) => {
    const [, height, width] = images.shape;
    const draw = (purpose: string): Scalar => reshape(randomness.uniform([1, 1], `mixing/${purpose}`), []);
    const blended = (): Tensor => reshape(sub(1, drawShare(augmentMixup, 'mixup', draw)), [1, 1, 1, 1]);
    const pasted = (): Tensor =>
      boxMask({ height, width }, drawShare(augmentCutmix, 'cutmix', draw), { x: draw('x'), y: draw('y') });
    return mixBatch(images, labels, chosenMask(options, blended, pasted, draw));
  };
}

function chosenMask(
  { augmentMixup, augmentCutmix }: MixingOptions,
  blended: () => Tensor,
  pasted: () => Tensor,
  draw: (purpose: string) => Scalar,
): Tensor {
  if (augmentCutmix === 0) return blended();
  if (augmentMixup === 0) return pasted();
  const isBlended = cast(less(draw('choice'), 0.5), 'float32');
  return add(mul(blended(), isBlended), mul(pasted(), sub(1, isBlended)));
}

/**
 * Mixes each image with the one before it in the batch, the first one with the last.
 *
 * @param mask how much of each pixel comes from the other image: [1, 1 or height, 1 or width, 1]
 */
export function mixBatch(images: Tensor4D, labels: Tensor1D, mask: Tensor): MixedImages {
  const share: Scalar = mean(mask);
  return {
    images: add(mul(images, sub(1, mask)), mul(rolled(images), mask)),
    others: rolled(labels),
    share,
  };
}

/** The rows of a batch, each moved to the place after its own: torchvision's `roll(1, 0)`. */
function rolled<Batch extends Tensor>(batch: Batch): Batch {
  const [count = 0, ...rest] = batch.shape;
  if (count < 2) return batch;
  const start = rest.map(() => 0);
  return concat<Batch>([
    slice(batch, [count - 1, ...start], [1, ...rest]),
    slice(batch, [0, ...start], [count - 1, ...rest]),
  ]);
}

/**
 * The part of an image's own in a mixture: a number with a Beta(α, α) distribution, from two uniform ones and without rejection (Devroye,
 * "Random variate generation in one line of code", 1996).
 */
export function drawShare(alpha: number, purpose: string, draw: (purpose: string) => Tensor): Tensor {
  const width = pow(draw(`${purpose}-width`), 1 / alpha);
  const cosine = cos(mul(draw(`${purpose}-angle`), 2 * Math.PI));
  const narrow = sub(1, width);
  const size = sqrt(div(narrow, maximum(add(width, mul(narrow, square(cosine))), SMALLEST)));
  return clipByValue(add(mul(mul(cosine, size), 0.5), 0.5), 0, 1);
}

/**
 * torchvision's box of `CutMix`, as a mask of ones, [1, height, width, 1]: around a random pixel, with the image's proportions and an area of
 * 1 − `share` of it, cut at the edges.
 *
 * @param place of the pixel, as shares of width and height: from 0 to below 1
 */
export function boxMask(
  { height, width }: { height: number; width: number },
  share: Tensor,
  place: { x: Tensor; y: Tensor },
): Tensor {
  const half = mul(sqrt(sub(1, share)), 0.5);
  const rows = interval(height, half, place.y);
  const columns = interval(width, half, place.x);
  return mul(reshape(rows, [1, height, 1, 1]), reshape(columns, [1, 1, width, 1]));
}

/** The pixels of a side in an interval, as ones; the interval does not include its end. */
function interval(side: number, half: Tensor, place: Tensor): Tensor {
  const pixels = tensor1d(Array.from({ length: side }, (_, pixel) => pixel));
  const centre = floor(mul(place, side));
  const reach = floor(mul(half, side));
  const isAfter = cast(greaterEqual(pixels, sub(centre, reach)), 'float32');
  return mul(isAfter, cast(less(pixels, add(centre, reach)), 'float32'));
}
