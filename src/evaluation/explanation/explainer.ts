import type { z } from 'zod';

import type { Configurable } from '../../core/config/resolve.js';
import { ToolkitError } from '../../core/errors.js';
import type { Random } from '../../core/random.js';
import type { ImageShape, PixelScaling } from '../../core/images.js';
import type { Model, ParameterValues } from '../../models/model.js';

/** The input of an explainer: a model, an image and a class. */
export interface Question {
  /** The model. Of an ONNX file it throws USAGE where it is applied: that has no gradients. */
  readonly model: Model;
  readonly values: ParameterValues;
  /** The logits of scaled images, one after the other: [count, classes]; where the model cannot be applied. */
  readonly classify?: (images: Float32Array) => Promise<Float32Array>;
  readonly shape: ImageShape;
  /** The model's input: [height, width, channels]. */
  readonly image: Float32Array;
  /** The scaling of the input, which determines black and white. */
  readonly scaling: PixelScaling;
  /** The explained class. */
  readonly label: number;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** The attribution of a logit to pixels. */
export interface Attribution {
  /** Positive where a pixel supports the class: [height, width]. */
  readonly map: Float32Array;
  /** For methods whose map sums to a logit difference: both numbers, and the number of gradient evaluations. */
  readonly completeness?: { sum: number; difference: number; steps: number };
}

/** Computes an attribution. Throws USAGE if the method does not support the model, and the signal's reason when aborted. */
export type Explain = (question: Question) => Promise<Attribution>;

/** A plug-in of the registry of explainers. */
export interface ExplainerDefinition<
  Name extends string = string,
  Options extends z.ZodObject = z.ZodObject,
> extends Configurable<Name, Options> {
  /** The reference for the method. */
  readonly source: string;
  /** Builds the method of its options. */
  // A method, for bivariance: definitions with narrower options remain assignable.
  build(options: z.output<Options>): Explain;
}

/** Defines an explainer; infers the types of its options. */
export function defineExplainer<Name extends string, Options extends z.ZodObject>(
  definition: ExplainerDefinition<Name, Options>,
): ExplainerDefinition<Name, Options> {
  return { kind: 'explainer', ...definition };
}

/** The error for a method that needs gradients, and an ONNX model, which has none. */
export function gradientsRefusal(): ToolkitError {
  return new ToolkitError('USAGE', {
    message: 'this method needs gradients, which an ONNX model does not have',
    hint: 'use --method occlusion',
  });
}

/** The model's input value for black. */
export function blackOf({ scaling }: Question): number {
  return scaling.offset;
}

/** Sums over the channels of each pixel. */
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
