import {
  fill,
  logSoftmax,
  logSumExp,
  stack,
  sub,
  tensor2d,
  tidy,
  type Tensor2D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

import type { PixelScaling } from '../../core/images.js';
import type { Forward } from '../../engine/running/program.js';
import { affineMap, type AffineChange } from './affine.js';
import { resample } from './resample.js';

type Change = Record<keyof AffineChange, number>;

const UNCHANGED: Change = { rotation: 0, scale: 1, shear: 0, shiftX: 0, shiftY: 0 };
/** A twentieth of a right angle. */
const TURN = Math.PI / 40;

/** The change of each view: none, and small changes in both directions. */
const VIEWS: readonly Partial<Change>[] = [
  {},
  ...[1, -1].flatMap((way) => [
    { shiftX: way },
    { shiftY: way },
    { rotation: way * TURN },
    { scale: 1.05 ** way },
    { shear: way * TURN },
  ]),
];

/** The number of views in test-time augmentation, including the image itself. */
export const VIEW_COUNT = VIEWS.length;

/**
 * Test-time augmentation: a forward pass that classifies several views of each image and returns the logarithm of their mean
 * probabilities (Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", 2012, section
 * 4.1, with other views). The views are the same for every image, so results do not depend on chance or on other images.
 */
export function withViews(forward: Forward, scaling: PixelScaling): Forward {
  return (images) => meanOf(viewsOf(images, scaling).map(forward));
}

/** The views of scaled images. */
export function viewsOf(images: Tensor4D, { offset }: PixelScaling): Tensor4D[] {
  return VIEWS.map((change) => viewOf(images, change, offset));
}

/** What `withViews` gives, from the logits of each view: [images, classes]. */
export function meanOfViews(answers: readonly Float32Array[], classes: number): Float32Array {
  const mean = tidy(() =>
    meanOf(answers.map((logits) => tensor2d(logits, [logits.length / classes, classes]))),
  );
  const values = mean.dataSync<'float32'>();
  mean.dispose();
  return values;
}

/** The logarithm of the mean probabilities. */
function meanOf(answers: readonly Tensor2D[]): Tensor2D {
  return sub<Tensor2D>(
    logSumExp(stack(answers.map((logits) => logSoftmax(logits))), 0),
    Math.log(VIEW_COUNT),
  );
}

function viewOf(images: Tensor4D, change: Partial<Change>, outside: number): Tensor4D {
  if (Object.keys(change).length === 0) return images;
  const [count, height, width] = images.shape;
  const numbers = Object.entries({ ...UNCHANGED, ...change }).map(([key, value]) => [
    key,
    fill([count, 1], value),
  ]);
  const map = affineMap(Object.fromEntries(numbers) as AffineChange, { height, width });
  return resample(images, map, undefined, outside);
}
