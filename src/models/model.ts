import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { z } from 'zod';

import type { Configurable } from '../core/config/resolve.js';
import type { Random } from '../core/random.js';
import { elementCount, type ImageShape } from '../core/images.js';
import type { PrivateCentering } from './features/private-centering.js';
import type { PassCost } from './pass-cost.js';
import type { Randomness } from '../engine/tracing/randomness.js';

/** The name, shape and initial value of a model's parameter. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** The initial value, row by row; it depends only on the random stream. */
  readonly initialValue: (random: Random) => Float32Array;
  /**
   * Whether it is stored in checkpoints but not trained by gradients: a constant, or a statistic that the training pass updates.
   */
  readonly isFixed?: boolean;
  /** Whether training never changes it; implies `isFixed`. */
  readonly isConstant?: boolean;
}

/** The current values of a model's parameters, by name. */
export type ParameterValues = ReadonlyMap<string, Tensor>;

/** The context of a forward pass in training. */
export interface TrainingPass extends Randomness {
  /** Updates a fixed parameter, from the next step on. */
  update(parameter: string, value: Tensor): void;
  /** Whether a layer is frozen: it uses its stored statistics and does not update them. By default none is. */
  isFrozen?(layer: string): boolean;
  /** Whether others compute the rest of the batch: what is computed of the whole batch is written as sums over its rows. */
  readonly isShared?: boolean;
}

/**
 * A stateless network: its parameters, and a function from images and parameter values to logits. The engine holds the values and
 * runs the function.
 */
export interface Model {
  /** A short description for people: "784-128-64-10, relu". */
  readonly description: string;
  readonly parameters: readonly ParameterSpec[];
  /** The cost of a forward pass for one image; undefined if unknown. */
  readonly cost?: PassCost;
  /**
   * Maps scaled images [n, height, width, channels] to logits [n, classes], with tfjs operations only.
   *
   * @param training given in a training step; inference draws no random numbers
   */
  apply(images: Tensor4D, values: ParameterValues, training?: TrainingPass): Tensor2D;
  /** Undefined if there is no layer before the last. */
  readonly embedding?: Embedding | undefined;
  /** Undefined for models that take the images themselves. */
  readonly fixedFeatures?: FixedFeatures | undefined;
  /**
   * Splits the model before the first layer that training changes. Undefined where nothing that was learnt is before it, or the model cannot be
   * split there.
   */
  featuresBefore?(isFrozen: (layer: string) => boolean): FixedFeatures | undefined;
  /** Undefined for models without convolutions. */
  readonly featureMaps?: FeatureMaps | undefined;
}

/** A model split after its features, which training does not change: they need to be computed only once. */
export interface FixedFeatures {
  /** The number of features of an image. */
  readonly size: number;
  /** Maps scaled images [n, height, width, channels] to features [n, 1, size, 1]. */
  extract(images: Tensor4D, values: ParameterValues): Tensor4D;
  /** The mean that is subtracted from them; undefined where none is. */
  readonly centering?: PrivateCentering | undefined;
  /** What takes these features in place of images; its parameters are those of the whole model that training may change. */
  readonly model: Model;
}

/** A model split after its last convolution, for inference. */
export interface FeatureMaps {
  /** Maps scaled images [n, height, width, channels] to the feature maps of the last convolution. */
  extract(images: Tensor4D, values: ParameterValues): Tensor4D;
  /** Maps these feature maps to logits [n, classes]. */
  classify(maps: Tensor4D, values: ParameterValues): Tensor2D;
}

/** The input of a model's last layer: the learned representation of an image. */
export interface Embedding {
  /** The dimension of the embedding. */
  readonly size: number;
  /** Maps scaled images [n, height, width, channels] to [n, size], for inference. */
  apply(images: Tensor4D, values: ParameterValues): Tensor2D;
}

/** The input shape and number of classes of a model. */
export interface ModelTask {
  readonly shape: ImageShape;
  readonly classes: number;
}

/** The measured result of a model's shipped configuration on MNIST. */
export interface MeasuredTraining {
  /** The file: "configs/rnn.json". */
  readonly configuration: string;
  /** Test accuracy, averaged over seeds. */
  readonly accuracy: number;
  readonly seeds: number;
  /** The mean training time. */
  readonly seconds: number;
  /** The hardware: "2 cores". */
  readonly machine: string;
}

/** A plug-in of the model registry. */
export interface ModelDefinition<
  Name extends string = string,
  Options extends z.ZodObject = z.ZodObject,
> extends Configurable<Name, Options> {
  /** The reference for the architecture. */
  readonly source: string;
  /** Undefined if not measured. */
  readonly measured?: MeasuredTraining;
  /** Builds the model of its options. */
  // A method, for bivariance: definitions with narrower options remain assignable.
  build(options: z.output<Options>, task: ModelTask): Model;
}

/** Defines a model; infers the types of its options. */
export function defineModel<Name extends string, Options extends z.ZodObject>(
  definition: ModelDefinition<Name, Options>,
): ModelDefinition<Name, Options> {
  return { kind: 'model', ...definition };
}

/** The number of trainable parameters. */
export function parameterCount({ parameters }: Pick<Model, 'parameters'>): number {
  return parameters.reduce((sum, { shape, isFixed }) => sum + (isFixed ? 0 : elementCount(shape)), 0);
}

/** The layer of a parameter: its name without the last part. */
export function layerOf(parameter: string): string {
  return parameter.slice(0, parameter.lastIndexOf('/'));
}

/** What a parameter is of its layer: the last part of its name, such as `kernel`. */
export function partOf(parameter: string): string {
  return parameter.slice(parameter.lastIndexOf('/') + 1);
}
