import {
  add,
  avgPool,
  cast,
  conv2d,
  div,
  equal,
  less,
  logicalOr,
  max,
  minimum,
  mul,
  reshape,
  sqrt,
  sub,
  sum,
  tensor,
  tensor4d,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { pixelsPerImage, type ImageShape } from '../../core/images.js';
import { defineFeatures } from './feature.js';

const EPSILON = 1e-5;
/** The clipping value of L2-Hys normalisation. */
const CLIP = 0.2;

interface Layout {
  cellSize: number;
  blockSize: number;
  orientations: number;
}

/** Histograms of oriented gradients: the gradient strength of each cell by orientation. */
export const hog = defineFeatures({
  name: 'hog',
  summary: 'histograms of oriented gradients (HOG)',
  source: 'Dalal and Triggs, “Histograms of oriented gradients for human detection”, 2005',
  options: z.strictObject({
    hogCellSize: z.int().min(2).max(256).default(4).meta({ description: 'cell size in pixels' }),
    hogBlockSize: z
      .int()
      .min(1)
      .max(16)
      .default(2)
      .meta({ description: 'block size in cells, for normalisation' }),
    hogOrientations: z
      .int()
      .min(2)
      .max(36)
      .default(9)
      .meta({ description: 'orientation bins over 180 degrees' }),
  }),
  build({ hogCellSize, hogBlockSize, hogOrientations }, shape) {
    const layout = { cellSize: hogCellSize, blockSize: hogBlockSize, orientations: hogOrientations };
    const [down, across] = blockCounts(shape, layout);
    const size = down * across * hogBlockSize ** 2 * hogOrientations;
    return {
      description: `HOG of ${down}×${across} blocks`,
      size,
      parameters: [],
      cost: {
        // Gradients and votes of each pixel, the blocks four times over, and the matrix that gathers the cells of a block.
        numbers:
          pixelsPerImage(shape) * (4 + 8 * hogOrientations) +
          4 * size +
          (hogBlockSize ** 2 * hogOrientations) ** 2,
        operations: 60,
      },
      apply: (images) => reshape(blocks(votes(images, layout), layout), [images.shape[0], 1, size, 1]),
    };
  },
});

function blockCounts({ height, width }: ImageShape, { cellSize, blockSize }: Layout): [number, number] {
  const along = (pixels: number): number => Math.floor(pixels / cellSize) - blockSize + 1;
  const counts: [number, number] = [along(height), along(width)];
  if (Math.min(...counts) >= 1) return counts;
  throw new ToolkitError('USAGE', {
    message: `--features hog: images of ${height}×${width} are smaller than a block of ${blockSize * cellSize} pixels`,
    hint: 'lower --hog-cell-size or --hog-block-size',
  });
}

/** The gradient magnitude of each pixel, in the channel of its orientation: [n, height, width, orientations]. */
function votes(images: Tensor4D, { orientations }: Layout): Tensor4D {
  const [vertical, horizontal] = gradients(images);
  const strength = sqrt(add(mul(vertical, vertical), mul(horizontal, horizontal)));
  // Magnitude × sine of the angle from a bin's edge to the gradient. Opposite gradients count alike; they are in the bin whose two
  // edge projections differ in sign, or on its first edge.
  const project = (turn: number): Tensor => {
    const angles = Array.from(
      { length: orientations },
      (_, index) => ((index + turn) * Math.PI) / orientations,
    );
    // The last edge is exactly the first one rotated by 180°, or horizontal edges would be counted twice.
    const cosines = angles.map((angle) => (angle >= Math.PI ? -1 : Math.cos(angle)));
    const sines = angles.map((angle) => (angle >= Math.PI ? 0 : Math.sin(angle)));
    const weights = (values: number[]): Tensor => tensor(values, [1, 1, 1, orientations]);
    return sub(mul(vertical, weights(cosines)), mul(horizontal, weights(sines)));
  };
  const first = project(0);
  const isInRange = logicalOr(less(mul(first, project(1)), 0), equal(first, 0));
  return mul(cast(isInRange, 'float32'), strength);
}

/** Central differences, vertical and horizontal; 0 at the border. Each [n, height, width, 1]. */
function gradients(images: Tensor4D): [Tensor4D, Tensor4D] {
  const [, height, width, channels] = images.shape;
  const vertical = mul(difference(images, [3, 1]), tensor(inside(height), [1, height, 1, 1]));
  const horizontal = mul(difference(images, [1, 3]), tensor(inside(width), [1, 1, width, 1]));
  if (channels === 1) return [vertical as Tensor4D, horizontal as Tensor4D];
  // Uses the channel with the largest gradient.
  const strength = add(mul(vertical, vertical), mul(horizontal, horizontal));
  const isStrongest = cast(equal(strength, max(strength, 3, true)), 'float32');
  const ofStrongest = (values: Tensor): Tensor4D =>
    div(sum(mul(values, isStrongest), 3, true), sum(isStrongest, 3, true));
  return [ofStrongest(vertical), ofStrongest(horizontal)];
}

/** The central difference of each channel. */
function difference(images: Tensor4D, size: [height: number, width: number]): Tensor4D {
  const channels = images.shape[3];
  const values = [-1, 0, 1].flatMap((weight) => diagonal(channels).map((value) => value * weight));
  return conv2d(images, tensor4d(values, [...size, channels, channels]), 1, 'same');
}

/** A mask without the first and last pixel, which have no central difference. */
function inside(length: number): number[] {
  return Array.from({ length }, (_, at) => (at === 0 || at === length - 1 ? 0 : 1));
}

/** Mean votes of each cell, in overlapping blocks, each normalised: [n, down, across, blockSize² × orientations]. */
function blocks(votes: Tensor4D, { cellSize, blockSize, orientations }: Layout): Tensor {
  const cells = avgPool(votes, cellSize, cellSize, 'valid');
  const size = blockSize ** 2 * orientations;
  // A convolution that copies: output k of a block is its value k, cell by cell.
  const copy = tensor4d(diagonal(size), [blockSize, blockSize, orientations, size]);
  const gathered = conv2d(cells, copy, 1, 'valid');
  return normalize(minimum(normalize(gathered), CLIP));
}

function normalize(block: Tensor): Tensor {
  return div(block, sqrt(add(sum(mul(block, block), 3, true), EPSILON ** 2)));
}

/** The identity matrix, row by row. */
function diagonal(size: number): number[] {
  return Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 1 : 0));
}
