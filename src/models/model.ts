import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { z } from 'zod';

import type { Configurable } from '../core/config/resolve.js';
import type { Random } from '../core/random.js';
import { elementCount, type ImageShape } from '../core/images.js';
import type { PassCost } from './pass-cost.js';
import type { Randomness } from '../engine/tracing/randomness.js';

/** A model's parameter before it has a value. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Its value before training, row by row; draws from the stream alone. */
  readonly initialValue: (random: Random) => Float32Array;
  /**
   * Whether it lies in checkpoints, but is not learnt: it is known before training and stays as it is, or is a statistic that
   * the training pass itself keeps.
   */
  readonly isFixed?: boolean;
  /** Whether training does not change it in any way; it is fixed then. */
  readonly isConstant?: boolean;
}

/** The present values of a model's parameters, by name. */
export type ParameterValues = ReadonlyMap<string, Tensor>;

/** What a forward pass is given in training, and not in inference. */
export interface TrainingPass extends Randomness {
  /** Gives a parameter that is not learnt another value, from the next step on. */
  update(parameter: string, value: Tensor): void;
  /** Whether a layer stays as it is: it keeps no statistics, and uses those that it has. Left out, none does. */
  isFrozen?(layer: string): boolean;
}

/**
 * A network without state: what parameters it has, and how it maps images to logits with given values of them. Who holds
 * the values, and how the map is run, is the engine's business.
 */
export interface Model {
  /** Its structure in a few words, for people: "784-128-64-10, relu". */
  readonly description: string;
  readonly parameters: readonly ParameterSpec[];
  /** What a forward pass takes for one image; left out, nobody knows. */
  readonly cost?: PassCost;
  /**
   * Scaled images [n, height, width, channels] to logits [n, classes], by tfjs operations alone.
   *
   * @param training only in a training step; left out, the model infers, and draws no random numbers
   */
  apply(images: Tensor4D, values: ParameterValues, training?: TrainingPass): Tensor2D;
  /** Undefined where there is no layer before the last. */
  readonly embedding?: Embedding | undefined;
  /** Undefined where there are no convolutions. */
  readonly featureMaps?: FeatureMaps | undefined;
}

/** A model in two parts: up to the last convolution, and from there on. Both as in inference. */
export interface FeatureMaps {
  /** Scaled images [n, height, width, channels] to the maps of the last convolution. */
  extract(images: Tensor4D, values: ParameterValues): Tensor4D;
  /** These maps to logits [n, classes]. */
  classify(maps: Tensor4D, values: ParameterValues): Tensor2D;
}

/** What a model makes of an image before its last layer decides: what it has learnt to see. */
export interface Embedding {
  /** How many numbers an image becomes. */
  readonly size: number;
  /** Scaled images [n, height, width, channels] to [n, size], as in inference. */
  apply(images: Tensor4D, values: ParameterValues): Tensor2D;
}

/** What a model has to fit. */
export interface ModelTask {
  readonly shape: ImageShape;
  readonly classes: number;
}

/** What a model's shipped configuration brought on MNIST, where someone measured it. */
export interface MeasuredTraining {
  /** The file: "configs/rnn.json". */
  readonly configuration: string;
  /** Share of the test images that are classified correctly, as a mean over the seeds. */
  readonly accuracy: number;
  readonly seeds: number;
  /** Of one training, from start to end, as a mean. */
  readonly seconds: number;
  /** On what: "2 cores". */
  readonly machine: string;
}

/** A plug-in of the model registry. */
export interface ModelDefinition<
  Name extends string = string,
  Options extends z.ZodObject = z.ZodObject,
> extends Configurable<Name, Options> {
  /** Where the architecture comes from. */
  readonly source: string;
  /** Left out where nobody measured. */
  readonly measured?: MeasuredTraining;
  // A method, so that definitions with narrower options are still definitions.
  build(options: z.output<Options>, task: ModelTask): Model;
}

/** Says what a model is, keeping the types of its options. */
export function defineModel<Name extends string, Options extends z.ZodObject>(
  definition: ModelDefinition<Name, Options>,
): ModelDefinition<Name, Options> {
  return definition;
}

/** How many numbers a model learns. */
export function parameterCount({ parameters }: Pick<Model, 'parameters'>): number {
  return parameters.reduce((sum, { shape, isFixed }) => sum + (isFixed ? 0 : elementCount(shape)), 0);
}
