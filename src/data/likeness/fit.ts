import { CholeskyDecomposition, Matrix } from 'ml-matrix';

import { reducedShape, type StoredLikeness } from '../../artifacts/likeness/stored-likeness.js';
import { pixelsPerImage, rowOf, type LabelledImages } from '../../core/images.js';
import { covarianceOf } from '../../core/numerics/covariance.js';
import { invertLower } from '../../core/numerics/linear-algebra.js';
import { distanceOf, featuresOf, whitened, type Likeness } from './likeness.js';

/** So many training images are enough for the covariance of 256 numbers. */
const MOST_IMAGES = 20_000;
/** Added to the variance of each direction, as a share of the mean variance: rare pixels would have none (Ledoit and Wolf, 2004). */
const RIDGE = 0.03;
/** The share of images like the training images that are called unlike. */
const FALSE_ALARMS = 0.01;
/** With fewer validation images, the limit of one false alarm in a hundred cannot be known. */
export const LEAST_VALIDATION = Math.ceil(1 / FALSE_ALARMS) - 1;

/**
 * Learns what training images look like: normal distributions of their classes with one covariance (Lee et al., “A simple unified
 * framework for detecting out-of-distribution samples and adversarial attacks”, 2018, of pixels in place of a net's features).
 *
 * @param indices the training images
 */
export function fitLikeness(
  train: LabelledImages,
  indices: Int32Array,
  classes: number,
): Omit<Likeness, 'threshold'> {
  const { shape, pixels, labels } = train;
  const step = Math.ceil(indices.length / MOST_IMAGES);
  const chosen = indices.filter((_, place) => place % step === 0);
  const size = pixelsPerImage(shape);
  const vectors = Array.from(chosen, (index) => featuresOf(rowOf(pixels, index, size), shape));
  const features = vectors[0]!.length;
  const means = meansOf(
    vectors,
    chosen.map((index) => labels[index]!),
    classes,
  );
  vectors.forEach((vector, row) => {
    const mean = means[labels[chosen[row]!]!]!;
    for (let at = 0; at < features; at++) vector[at]! -= mean[at]!;
  });
  const { covariance } = covarianceOf(vectors, features);
  // Images that are all alike have no variance at all; any positive number serves then.
  const ridge = (RIDGE * covariance.trace()) / features || 1;
  const widened = covariance.add(Matrix.eye(features, features, ridge));
  const square = invertLower(new CholeskyDecomposition(widened).lowerTriangularMatrix);
  const whitening = triangleOf(square, features);
  const known = means.filter((mean) => mean !== undefined);
  const centres = new Float32Array(known.length * features);
  known.forEach((mean, place) => {
    centres.set(whitened(mean, whitening), place * features);
  });
  return { shape, whitening, centres };
}

/** The mean of each class's vectors; undefined for a class without any. */
function meansOf(
  vectors: readonly Float32Array[],
  labels: Int32Array,
  classes: number,
): (Float32Array | undefined)[] {
  return Array.from({ length: classes }, (_, label) => {
    const own = vectors.filter((__, row) => labels[row] === label);
    const sums = new Float64Array(vectors[0]!.length);
    for (const vector of own) vector.forEach((value, at) => (sums[at]! += value));
    return own.length === 0 ? undefined : Float32Array.from(sums, (sum) => sum / own.length);
  });
}

function triangleOf(square: Float32Array, size: number): Float32Array {
  const triangle = new Float32Array((size * (size + 1)) / 2);
  for (let row = 0, at = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) triangle[at++] = square[row * size + column]!;
  }
  return triangle;
}

/**
 * The limit that an image like the validation images exceeds with at most the given probability: of n distances the ⌈(n + 1)(1 − α)⌉-th
 * (Vovk et al., “Algorithmic learning in a random world”, 2005). They must be at least `LEAST_VALIDATION`.
 */
export function limitOf(distances: Float64Array): number {
  const sorted = distances.toSorted();
  return sorted[Math.ceil((sorted.length + 1) * (1 - FALSE_ALARMS)) - 1]!;
}

/** The distances of some images. */
function distancesOf(images: LabelledImages, likeness: Omit<Likeness, 'threshold'>): Float64Array {
  const size = pixelsPerImage(images.shape);
  return Float64Array.from({ length: images.count }, (_, row) =>
    distanceOf(rowOf(images.pixels, row, size), likeness),
  );
}

/** What is stored beside a decision: learnt from the training images, its limit from the validation images. */
export function storedLikeness(
  fitted: Omit<Likeness, 'threshold'>,
  validation: LabelledImages,
  test: LabelledImages,
): StoredLikeness {
  const own = distancesOf(validation, fitted);
  const threshold = limitOf(own);
  const beyond = (distances: Float64Array): number =>
    distances.length === 0
      ? 0
      : distances.filter((distance) => distance > threshold).length / distances.length;
  const { whitening, centres } = fitted;
  return {
    method: 'mahalanobis',
    falseAlarms: FALSE_ALARMS,
    features: pixelsPerImage(reducedShape(fitted.shape)),
    threshold,
    flagged: { validation: beyond(own), test: beyond(distancesOf(test, fitted)) },
    parameters: Buffer.concat([Buffer.from(whitening.buffer), Buffer.from(centres.buffer)]).toString(
      'base64',
    ),
  };
}
