import type { z } from 'zod';

import type { Configurable } from '../../core/config/resolve.js';
import type { Random } from '../../core/random.js';
import type { ImageShape, PixelScaling } from '../../core/images.js';
import type { Model, ParameterValues } from '../../models/model.js';

/** Why does a model give a class the logit that it gives for an image? */
export interface Question {
  readonly model: Model;
  readonly values: ParameterValues;
  readonly shape: ImageShape;
  /** The image as the model takes it: [height, width, channels]. */
  readonly image: Float32Array;
  /** How pixels from 0 to 255 became it: it says what black and white are. */
  readonly scaling: PixelScaling;
  /** The explained class. */
  readonly label: number;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** What each pixel has to do with a logit. */
export interface Attribution {
  /** Positive where a pixel supports the class: [height, width]. */
  readonly map: Float32Array;
  /** Of methods whose map adds up to a difference between two logits: both numbers, and how many gradients it took. */
  readonly completeness?: { sum: number; difference: number; steps: number };
}

/** Answers a question. Throws USAGE where the model has not what the method needs, and the signal's reason when aborted. */
export type Explain = (question: Question) => Promise<Attribution>;

/** A plug-in of the registry of explainers. */
export interface ExplainerDefinition<
  Name extends string = string,
  Options extends z.ZodObject = z.ZodObject,
> extends Configurable<Name, Options> {
  /** Where the method comes from. */
  readonly source: string;
  // A method, so that definitions with narrower options are still definitions.
  build(options: z.output<Options>): Explain;
}

/** Says what an explainer is, keeping the types of its options. */
export function defineExplainer<Name extends string, Options extends z.ZodObject>(
  definition: ExplainerDefinition<Name, Options>,
): ExplainerDefinition<Name, Options> {
  return definition;
}

/** What black pixels are to the model. */
export function blackOf({ scaling }: Question): number {
  return scaling.offset;
}

/** The sums over the channels of each pixel. */
export function overChannels(
  values: ArrayLike<number>,
  { height, width, channels }: ImageShape,
): Float32Array {
  const map = new Float32Array(height * width);
  for (let index = 0; index < map.length * channels; index++) {
    map[Math.floor(index / channels)]! += values[index]!;
  }
  return map;
}
