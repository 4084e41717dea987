import { add, cos, div, floor, mul, neg, sin, sub, tan, zeros, type Tensor } from '@tensorflow/tfjs-core';

import type { ImageShape } from '../../core/images.js';
import type { Randomness } from '../../engine/tracing/randomness.js';
import type { AugmentationOptions } from './options.js';

/**
 * Where the pixels of some images come from: pixel (x, y) of the result is the value at (xx·x + xy·y + x0, yx·x + yy·y + y0).
 * Each coefficient is [n, 1].
 */
export interface AffineMap {
  readonly xx: Tensor;
  readonly xy: Tensor;
  readonly x0: Tensor;
  readonly yx: Tensor;
  readonly yy: Tensor;
  readonly y0: Tensor;
}

/** What is done to an image, each as numbers [n, 1]: angles in radians, the shift in pixels. */
export interface AffineChange {
  readonly rotation: Tensor;
  /** By which factor it grows. */
  readonly scale: Tensor;
  /** The angle by which upright lines lean. */
  readonly shear: Tensor;
  readonly shiftX: Tensor;
  readonly shiftY: Tensor;
}

type AffineOptions = Omit<AugmentationOptions, 'augmentElastic' | 'augmentErasing'>;

/** Whether some options ask for an affine map. */
export function isAffine(options: AffineOptions): boolean {
  const { augmentShift, augmentRotation, augmentScale, augmentShear } = options;
  return [augmentShift, augmentRotation, augmentScale, augmentShear].some((value) => value > 0);
}

/** Draws what is done to each of `count` images: uniformly up to the limits, either way; shifts in whole pixels. */
export function drawAffineChange(
  { augmentShift, augmentRotation, augmentScale, augmentShear }: AffineOptions,
  count: number,
  randomness: Randomness,
): AffineChange {
  const draw = (purpose: string): Tensor => randomness.uniform([count, 1], `augmentation/${purpose}`);
  // What is the same in every step becomes a constant of a compiled program, with all that is computed of it.
  const none = zeros([count, 1]);
  const within = (limit: number, purpose: string): Tensor =>
    limit === 0 ? none : mul(sub(draw(purpose), 0.5), 2 * limit);
  // Whole pixels: between them, interpolation would blur what is moved and not turned.
  const pixels = (purpose: string): Tensor =>
    augmentShift === 0 ? none : sub(floor(mul(draw(purpose), 2 * augmentShift + 1)), augmentShift);
  return {
    rotation: within(radians(augmentRotation), 'rotation'),
    scale: add(within(augmentScale, 'scale'), 1),
    shear: within(radians(augmentShear), 'shear'),
    shiftX: pixels('shift-x'),
    shiftY: pixels('shift-y'),
  };
}

/**
 * The map of a change about an image's centre c. An image is sheared, scaled, turned, then shifted by t, so a point p comes from
 * c + (R·S·H)⁻¹ (p − c − t), with H = [1 k; 0 1] for the shear k, S the scale, and R = [cos −sin; sin cos].
 */
export function affineMap(
  { rotation, scale, shear, shiftX, shiftY }: AffineChange,
  { height, width }: Pick<ImageShape, 'height' | 'width'>,
): AffineMap {
  const [sine, cosine, lean] = [sin(rotation), cos(rotation), tan(shear)];
  const xx = div(add(cosine, mul(lean, sine)), scale);
  const xy = div(sub(sine, mul(lean, cosine)), scale);
  const yx = div(neg(sine), scale);
  const yy = div(cosine, scale);
  const centreX = (width - 1) / 2;
  const centreY = (height - 1) / 2;
  const [fromX, fromY] = [add(shiftX, centreX), add(shiftY, centreY)];
  return {
    ...{ xx, xy, yx, yy },
    x0: sub(centreX, add(mul(xx, fromX), mul(xy, fromY))),
    y0: sub(centreY, add(mul(yx, fromX), mul(yy, fromY))),
  };
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
