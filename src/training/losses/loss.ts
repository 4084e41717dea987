import {
  div,
  gather,
  mean,
  sum,
  tensor1d,
  type Scalar,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import type { z } from 'zod';

import type { Configurable } from '../../core/config/resolve.js';

/**
 * The loss of each example of a batch.
 *
 * @param logits [n, classes]
 * @param labels int32 [n]
 * @returns [n]
 */
export type ExampleLosses = (logits: Tensor2D, labels: Tensor1D) => Tensor1D;

/** The loss of a batch, which is minimised and reported. */
export type BatchLoss = (logits: Tensor2D, labels: Tensor1D) => Scalar;

/** The weight of each class in the loss, by its number; undefined if all classes count the same. */
export type ClassWeights = readonly number[] | undefined;

/** A plug-in of the loss registry. */
export interface LossDefinition<
  Name extends string = string,
  Options extends z.ZodObject = z.ZodObject,
> extends Configurable<Name, Options> {
  /** The paper or textbook that defines it. */
  readonly source: string;
  /**
   * Builds the loss of its options.
   *
   * @param weights multiply the losses of each class
   */
  build(options: z.output<Options>, weights: ClassWeights): ExampleLosses;
}

/** Defines a loss, with the types of its options inferred. */
export function defineLoss<Name extends string, Options extends z.ZodObject>(
  definition: LossDefinition<Name, Options>,
): LossDefinition<Name, Options> {
  return { kind: 'loss', ...definition };
}

/**
 * The mean loss of a batch. With class weights it is the weighted mean, as PyTorch's `cross_entropy` has it: the sum of the weighted
 * losses, divided by the sum of the labels' weights.
 */
export function batchLoss(losses: ExampleLosses, weights: ClassWeights): BatchLoss {
  if (weights === undefined) return (logits, labels) => mean(losses(logits, labels));
  return (logits, labels) => div(sum(losses(logits, labels)), sum(weightsOf(labels, weights)));
}

/** The weight of each example's class: [n]. */
export function weightsOf(labels: Tensor1D, weights: readonly number[]): Tensor1D {
  return gather(tensor1d([...weights]), labels);
}
