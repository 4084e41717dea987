import { matMul, reshape, sub, type Tensor2D } from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import { pixelsPerImage, rowOf } from '../../core/images.js';
import { valueOf } from '../layers/layer.js';
import { defineFeatures, type FittedValues, type FittingData } from './feature.js';
import { covarianceOf } from '../../core/numerics/covariance.js';
import { largestEigenPairs } from '../../core/numerics/lanczos.js';

const MEAN = 'pca/mean';
const COMPONENTS = 'pca/components';
/** More images hardly change the components; the covariance of more pixels would not fit into a small memory. */
const MAX_IMAGES = 20_000;
const MAX_PIXELS = 4096;

/** Principal component analysis: the directions in which the training images differ most. */
export const pca = defineFeatures({
  name: 'pca',
  summary: 'principal component analysis (PCA) of the training images',
  source: 'Pearson, “On lines and planes of closest fit to systems of points in space”, 1901',
  options: z.strictObject({
    pcaComponents: z
      .int()
      .min(1)
      .max(1024)
      .default(64)
      .meta({ description: 'number of principal components' }),
    pcaWhiten: z
      .boolean()
      .default(true)
      .meta({ description: 'whitening (scaling each component to variance 1)' }),
  }),
  fit: ({ pcaComponents, pcaWhiten }, data) => fitComponents(data, pcaComponents, pcaWhiten),
  build({ pcaComponents, pcaWhiten }, shape, fitted) {
    const pixels = pixelsPerImage(shape);
    const fixed = (name: string, size: number[]) => ({
      name,
      shape: size,
      isFixed: true,
      isConstant: true,
      initialValue: () => fitted?.get(name) ?? new Float32Array(size.reduce((all, side) => all * side, 1)),
    });
    return {
      description: `${pcaComponents} ${pcaWhiten ? 'whitened ' : ''}principal components`,
      size: pcaComponents,
      parameters: [fixed(MEAN, [pixels]), fixed(COMPONENTS, [pixels, pcaComponents])],
      cost: { numbers: 2 * pixels + pcaComponents, operations: 4 },
      apply(images, values) {
        const [n] = images.shape;
        const centred = sub(reshape(images, [n, pixels]), valueOf(values, MEAN));
        const projected = matMul(centred as Tensor2D, valueOf(values, COMPONENTS) as Tensor2D);
        return reshape(projected, [n, 1, pcaComponents, 1]);
      },
    };
  },
});

function fitComponents(
  { images, indices, scaling, seed }: FittingData,
  count: number,
  whiten: boolean,
): FittedValues {
  const size = pixelsPerImage(images.shape);
  requireEnough(count, size, indices.length);
  const drawn = new Random(seed, 'pca-images').shuffle(indices.slice()).subarray(0, MAX_IMAGES);
  const rows = Array.from(drawn, (index) => rowOf(images.pixels, index, size));
  const { mean, covariance } = covarianceOf(rows, size);
  const { values, vectors } = largestEigenPairs(covariance, count, seed);
  const components = new Float32Array(size * count);
  vectors.forEach((vector, component) => {
    // The model's input is scaled, and so are the deviations.
    const deviation = Math.sqrt(Math.max(values[component]!, 0)) * Math.abs(scaling.scale);
    const factor = whiten ? 1 / (deviation || 1) : 1;
    vector.forEach((value, pixel) => (components[pixel * count + component] = value * factor));
  });
  return new Map([
    [MEAN, Float32Array.from(mean, (value) => value * scaling.scale + scaling.offset)],
    [COMPONENTS, components],
  ]);
}

function requireEnough(count: number, pixels: number, images: number): void {
  const most = Math.min(pixels, images - 1);
  if (count > most) {
    throw new ToolkitError('USAGE', {
      message: `--pca-components is ${count}, but ${images} training images of ${pixels} pixels have at most ${most}`,
      hint: 'lower --pca-components',
    });
  }
  if (pixels > MAX_PIXELS) {
    throw new ToolkitError('USAGE', {
      message: `--features pca: images have ${pixels} pixels; the limit is ${MAX_PIXELS}`,
      hint: 'use smaller images, or --features hog',
    });
  }
}
