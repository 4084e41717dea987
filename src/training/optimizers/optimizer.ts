import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { z } from 'zod';

import type { Configurable } from '../../core/config/resolve.js';

/** A parameter and an optimiser's state of it, before or after a step. */
export interface ParameterState {
  parameter: Tensor;
  /** In the order of the optimiser's slots, each of the parameter's shape. */
  slots: readonly Tensor[];
}

/** An operation of TensorFlow's that changes a parameter and its slots in place. */
export interface InPlaceUpdate {
  operation: string;
  /** Whether it takes the parameter alone, without the slots. */
  withoutSlots?: true;
  /** What it takes after the parameter and the slots; numbers become float32 scalars. */
  inputs: readonly (Tensor | number)[];
  /** Its attributes that are true. */
  flags?: readonly string[];
}

/**
 * A rule by which a gradient changes a parameter. It holds no state: the state is passed in and handed back.
 *
 * @typeParam Name the names of its coefficients
 */
export interface Optimizer<Name extends string = string> {
  /** The learning rate of its options, which a schedule scales. */
  readonly learningRate: number;
  /** What it remembers of each parameter, by name; all start at zero. */
  readonly slots: readonly string[];
  /**
   * The numbers that a step needs beside the gradients, in double precision. Names and order are the same for every step.
   *
   * @param learningRate the step's own: what a schedule makes of the optimizer's
   * @param step counts steps from 1
   * @param momentum in place of its own, or of β₁; an optimiser without slots has none
   */
  coefficients(step: number, learningRate: number, momentum?: number): Readonly<Record<Name, number>>;
  /** One step, by tfjs operations alone. The coefficients are those of `coefficients`, as float32 scalars. */
  update(
    state: ParameterState,
    gradient: Tensor,
    coefficients: Readonly<Record<Name, Scalar>>,
  ): ParameterState;
  /**
   * The same step by operations of TensorFlow's, one after the other, where there are such: what compiled training uses. They must
   * compute what `update` does; a test compares the two.
   */
  updateInPlace?(
    state: ParameterState,
    gradient: Tensor,
    coefficients: Readonly<Record<Name, Scalar>>,
  ): readonly InPlaceUpdate[];
}

/** A plug-in of the optimiser registry. */
export interface OptimizerDefinition<
  Name extends string = string,
  Options extends z.ZodObject = z.ZodObject,
  Coefficient extends string = string,
> extends Configurable<Name, Options> {
  /** The paper or textbook of its formula. */
  readonly source: string;
  build(options: z.output<Options>): Optimizer<Coefficient>;
}

/** Says what an optimiser is, keeping the types of its options. */
export function defineOptimizer<
  Name extends string,
  Options extends z.ZodObject<{ learningRate: z.ZodType<number> } & z.core.$ZodShape>,
  Coefficient extends string,
>(
  definition: OptimizerDefinition<Name, Options, Coefficient>,
): OptimizerDefinition<Name, Options, Coefficient> {
  return definition;
}
