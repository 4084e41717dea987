import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { z } from 'zod';

import type { Configurable } from '../../core/config/resolve.js';
import type { ImageShape, LabelledImages, PixelScaling } from '../../core/images.js';
import type { ParameterSpec, ParameterValues } from '../model.js';
import type { PassCost } from '../pass-cost.js';
import type { PrivateCentering } from './private-centering.js';

/** The feature parameters fitted before training, by name. */
export type FittedValues = ReadonlyMap<string, Float32Array>;

/**
 * A fixed map from images to a feature vector, the input of a model. It is part of the model's graph and its parameters are in the
 * checkpoint, so that inference applies it too.
 */
export interface FeatureExtractor {
  /** A short description for people: "pca 64". */
  readonly description: string;
  /** The dimension of the feature vector. */
  readonly size: number;
  /** All are fixed: training does not change them. */
  readonly parameters: readonly ParameterSpec[];
  /** The cost for one image. */
  readonly cost: PassCost;
  /** Undefined where nothing is subtracted. */
  readonly centering?: PrivateCentering | undefined;
  /** Maps scaled images [n, height, width, channels] to [n, 1, size, 1], with tfjs operations only. */
  apply(images: Tensor4D, values: ParameterValues): Tensor4D;
}

/** The data that features are fitted to: the training split only. */
export interface FittingData {
  readonly images: LabelledImages;
  readonly indices: Int32Array;
  readonly scaling: PixelScaling;
  readonly seed: number;
}

/** A plug-in of the registry of features. */
export interface FeatureDefinition<
  Name extends string = string,
  Options extends z.ZodObject = z.ZodObject,
> extends Configurable<Name, Options> {
  /** The reference for the method. */
  readonly source: string;
  /** Fits the extractor's parameters to the training images; undefined if it has none. */
  fit?(options: z.output<Options>, data: FittingData): FittedValues;
  /** The noise multiplier of the private mean that some options ask for; undefined where they do not. */
  meanNoise?(options: z.output<Options>): number | undefined;
  /**
   * Builds the extractor for images of a shape; undefined if the features are the pixels.
   *
   * @param fitted the result of `fit`; without it, the parameters are zero until a checkpoint is loaded
   */
  build(options: z.output<Options>, shape: ImageShape, fitted?: FittedValues): FeatureExtractor | undefined;
}

/** Defines features; infers the types of their options. */
export function defineFeatures<Name extends string, Options extends z.ZodObject>(
  definition: FeatureDefinition<Name, Options>,
): FeatureDefinition<Name, Options> {
  return { kind: 'features', ...definition };
}
