import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { z } from 'zod';

import type { Configurable } from '../../core/config/resolve.js';
import type { ImageShape, LabelledImages, PixelScaling } from '../../core/images.js';
import type { ParameterSpec, ParameterValues } from '../model.js';
import type { PassCost } from '../pass-cost.js';

/** The values of what was learnt from data before training, by the names of its parameters. */
export type FittedValues = ReadonlyMap<string, Float32Array>;

/**
 * A fixed map from images to a vector that a plain model takes in their place. It is part of the model's graph, and what it
 * needs lies in the checkpoint, so that whoever applies the model applies it too.
 */
export interface FeatureExtractor {
  /** In a few words, for people: "pca 64". */
  readonly description: string;
  /** How many numbers an image becomes. */
  readonly size: number;
  /** All of them fixed: training does not change them. */
  readonly parameters: readonly ParameterSpec[];
  /** What it takes for one image. */
  readonly cost: PassCost;
  /** Scaled images [n, height, width, channels] to [n, 1, size, 1], by tfjs operations alone. */
  apply(images: Tensor4D, values: ParameterValues): Tensor4D;
}

/** What features may be fitted to: the training split, and nothing else. */
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
  /** Where the method comes from. */
  readonly source: string;
  /** Learns from the training images what the extractor needs; absent where it needs nothing. */
  fit?(options: z.output<Options>, data: FittingData): FittedValues;
  /**
   * The extractor for images of a shape; undefined where the images themselves are the features.
   *
   * @param fitted what `fit` gave; without it, the parameters are zero until a checkpoint brings them
   */
  build(options: z.output<Options>, shape: ImageShape, fitted?: FittedValues): FeatureExtractor | undefined;
}

/** Says what features are, keeping the types of their options. */
export function defineFeatures<Name extends string, Options extends z.ZodObject>(
  definition: FeatureDefinition<Name, Options>,
): FeatureDefinition<Name, Options> {
  return definition;
}
