import { add, cos, div, floor, mul, neg, sin, sub, tan, zeros, type Tensor } from '@tensorflow/tfjs-core';

import type { ImageShape } from '../../core/images.js';
import type { Randomness } from '../../engine/tracing/randomness.js';
import type { AugmentationOptions } from './options.js';

/**
 * An affine map from output to input coordinates: output pixel (x, y) is the input at (xx·x + xy·y + x0, yx·x + yy·y + y0).
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

/** The parameters of an affine change, each [n, 1]: angles in radians, shifts in pixels. */
export interface AffineChange {
  readonly rotation: Tensor;
  /** The zoom factor. */
  readonly scale: Tensor;
  /** The shear angle of vertical lines. */
  readonly shear: Tensor;
  readonly shiftX: Tensor;
  readonly shiftY: Tensor;
}

type AffineOptions = Pick<
  AugmentationOptions,
  'augmentShift' | 'augmentRotation' | 'augmentScale' | 'augmentShear'
>;

/** Whether the options include an affine change. */
export function isAffine(options: AffineOptions): boolean {
  const { augmentShift, augmentRotation, augmentScale, augmentShear } = options;
  return [augmentShift, augmentRotation, augmentScale, augmentShear].some((value) => value > 0);
}

/** Draws the affine change of each of `count` images: uniform between the limits; shifts in whole pixels. */
export function drawAffineChange(
  { augmentShift, augmentRotation, augmentScale, augmentShear }: AffineOptions,
  count: number,
  randomness: Randomness,
): AffineChange {
  const draw = (purpose: string): Tensor => randomness.uniform([count, 1], `augmentation/${purpose}`);
  // Values that are the same in every step become constants of the compiled program.
  const none = zeros([count, 1]);
  const within = (limit: number, purpose: string): Tensor =>
    limit === 0 ? none : mul(sub(draw(purpose), 0.5), 2 * limit);
  // Whole pixels: fractions would blur images that are shifted but not rotated.
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
 * The map of a change about an image's centre c. An image is sheared, scaled, rotated, then shifted by t, so a point p comes from
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
