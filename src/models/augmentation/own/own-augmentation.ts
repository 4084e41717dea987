import type { z } from 'zod';

import type { Configurable } from '../../../core/config/resolve.js';
import type { ImageShape, PixelScaling } from '../../../core/images.js';
import type { Augmentation } from '../augment.js';

/** The images that are augmented. */
export interface AugmentationTask {
  readonly shape: ImageShape;
  /** The scaling of pixels from 0 to 255: black is `offset`. */
  readonly scaling: PixelScaling;
}

/** A plug-in of the augmentation registry. */
export interface AugmentationDefinition<
  Name extends string = string,
  Options extends z.ZodObject = z.ZodObject,
> extends Configurable<Name, Options> {
  /** The reference for the method. */
  readonly source: string;
  /** Builds the augmentation of its options; undefined if they ask for none. */
  // A method, for bivariance: definitions with narrower options remain assignable.
  build(options: z.output<Options>, task: AugmentationTask): Augmentation | undefined;
}

/** Defines an augmentation; infers the types of its options. */
export function defineAugmentation<Name extends string, Options extends z.ZodObject>(
  definition: AugmentationDefinition<Name, Options>,
): AugmentationDefinition<Name, Options> {
  return { kind: 'augmentation', ...definition };
}
