import { reshape, sub, transpose, type Rank } from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { valueOf } from '../layers/layer.js';
import { standardize } from '../layers/standardization.js';
import type { ParameterSpec } from '../model.js';
import { defineFeatures } from './feature.js';
import { paddedLength } from './wavelets/matrices.js';
import { channelCount, ScatteringTransform, type ScatteringShape } from './wavelets/transform.js';

const MEAN = 'scattering/mean';
/** The matrices of larger images would take more than 100 MB. */
const MAX_SIDE = 64;

/**
 * The scattering transform: moduli of wavelet coefficients, twice, averaged. Nothing is learnt, so that it spends no privacy budget, unless
 * its mean is subtracted.
 */
export const scattering = defineFeatures({
  name: 'scattering',
  summary: 'wavelet scattering transform of order 2; learns nothing from data',
  source: 'Bruna and Mallat, “Invariant scattering convolution networks”, 2013; the wavelets are Kymatio’s',
  options: z.strictObject({
    scatteringScales: z
      .int()
      .min(1)
      .max(5)
      .default(2)
      .meta({ description: 'number of wavelet scales; each halves the image' }),
    scatteringAngles: z
      .int()
      .min(2)
      .max(16)
      .default(8)
      .meta({ description: 'number of wavelet angles per scale' }),
    scatteringGroups: z.int().min(0).max(1024).default(27).meta({
      description: 'group normalisation of the features: largest number of channel groups; 0 turns it off',
    }),
    scatteringMeanNoise: z.number().min(0).max(1e6).default(0).meta({
      placeholder: 'X',
      description:
        'subtract the mean features of the training images, estimated once with noise of X times what one image can change; with --private; 0: not',
    }),
  }),
  meanNoise: ({ scatteringMeanNoise }) => (scatteringMeanNoise > 0 ? scatteringMeanNoise : undefined),
  build(
    { scatteringScales: scales, scatteringAngles: angles, scatteringGroups, scatteringMeanNoise: noise },
    { height, width, channels },
  ) {
    const shape = { height, width, scales, angles };
    requireFit(shape);
    const transform = new ScatteringTransform(shape);
    const maps = channels * channelCount(shape);
    const [down, across] = [height, width].map((side) => Math.floor(side / 2 ** scales)) as [number, number];
    const groups = groupCount(maps, scatteringGroups);
    const size = maps * down * across;
    if (noise > 0 && groups === 0) throw unboundedError();
    return {
      description: `scattering of ${maps} channels of ${down}×${across}${groups > 0 ? ` in ${groups} groups` : ''}${noise > 0 ? ', centred' : ''}`,
      size,
      parameters: noise > 0 ? [meanParameter(size)] : [],
      ...(noise > 0 && {
        // The numbers of a group have variance 1, or less where they are nearly the same.
        centering: { parameter: MEAN, largestNorm: Math.sqrt(size), noiseMultiplier: noise },
      }),
      cost: costOf(shape, channels, size),
      apply(images, values) {
        const [n] = images.shape;
        const planes = reshape(channels === 1 ? images : transpose(images, [0, 3, 1, 2]), [
          n * channels,
          height,
          width,
        ]);
        const features = transform.apply(planes);
        const shown = groups > 0 ? standardize(reshape(features, [n, groups, size / groups]), -1) : features;
        const centred = noise === 0 ? shown : sub(reshape(shown, [n, size]), valueOf(values, MEAN));
        return reshape<Rank.R4>(centred, [n, 1, size, 1]);
      },
    };
  },
});

function meanParameter(size: number): ParameterSpec {
  const initialValue = (): Float32Array => new Float32Array(size);
  return { name: MEAN, shape: [size], isFixed: true, isConstant: true, initialValue };
}

function unboundedError(): ToolkitError {
  return new ToolkitError('USAGE', {
    message:
      '--scattering-mean-noise needs --scattering-groups: only group normalisation limits what one image can change',
    hint: 'leave out --scattering-groups 0, or --scattering-mean-noise',
  });
}

function requireFit({ height, width, scales }: ScatteringShape): void {
  const [smallest, largest] = [Math.min(height, width), Math.max(height, width)];
  if (smallest > 2 ** scales && largest <= MAX_SIDE) return;
  throw new ToolkitError('USAGE', {
    message: `--features scattering: images of ${height}×${width} are too ${largest > MAX_SIDE ? 'large' : `small for ${scales} scales`}; sides may be ${2 ** scales + 1} to ${MAX_SIDE}`,
    hint: largest > MAX_SIDE ? 'use smaller images, or --features hog' : 'lower --scattering-scales',
  });
}

/** The largest number of groups of equal size up to a limit. */
function groupCount(maps: number, limit: number): number {
  let groups = Math.min(limit, maps);
  while (groups > 0 && maps % groups !== 0) groups--;
  return groups;
}

/** The maps of all wavelets, in the Fourier domain before and after each product, in space, and their moduli. */
function costOf(
  { height, width, scales, angles }: ScatteringShape,
  channels: number,
  size: number,
): {
  numbers: number;
  operations: number;
} {
  const pixels = paddedLength(height, scales) * paddedLength(width, scales);
  let numbers = 8 * pixels;
  let operations = 20;
  for (let first = 0; first < scales; first++) {
    const own = pixels / 4 ** first;
    numbers += angles * (8 * pixels + 12 * own);
    numbers += (scales - 1 - first) * angles ** 2 * 12 * own;
    operations += 40 + (scales - 1 - first) * 40;
  }
  return { numbers: channels * numbers + 6 * size, operations };
}
