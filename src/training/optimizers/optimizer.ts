import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { z } from 'zod';

import type { Configurable } from '../../core/config/resolve.js';

/** A parameter and its optimiser state, before or after a step. */
export interface ParameterState {
  parameter: Tensor;
  /** The state, in the order of the optimiser's slots; each has the parameter's shape. */
  slots: readonly Tensor[];
}

/** A TensorFlow operation that updates a parameter and its slots in place. */
export interface InPlaceUpdate {
  operation: string;
  /** Whether it takes only the parameter, without the slots. */
  withoutSlots?: true;
  /** Its inputs after the parameter and the slots; numbers become float32 scalars. */
  inputs: readonly (Tensor | number)[];
  /** The names of boolean attributes to set. */
  flags?: readonly string[];
}

/**
 * Updates parameters from their gradients. Stateless: the state is an argument and a result.
 *
 * @typeParam Name the names of its coefficients
 */
export interface Optimizer<Name extends string = string> {
  /** The base learning rate, which a schedule scales. */
  readonly learningRate: number;
  /** The names of its state tensors per parameter; all start at zero. */
  readonly slots: readonly string[];
  /**
   * The coefficients of a step, in double precision. Names and order are the same for every step.
   *
   * @param step the number of the step, from 1
   * @param learningRate the scheduled learning rate
   * @param momentum overrides the momentum, or Adam's β₁; an optimiser without slots ignores it
   */
  coefficients(step: number, learningRate: number, momentum?: number): Readonly<Record<Name, number>>;
  /** One step as tfjs operations. The coefficients are those of `coefficients`, as float32 scalars. */
  update(
    state: ParameterState,
    gradient: Tensor,
    coefficients: Readonly<Record<Name, Scalar>>,
  ): ParameterState;
  /**
   * The same step as a sequence of TensorFlow's in-place operations, for compiled training. Must be equivalent to `update`; a test
   * compares the two.
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
  /** The paper or textbook that defines it. */
  readonly source: string;
  /** Builds the optimiser of its options. */
  build(options: z.output<Options>): Optimizer<Coefficient>;
}

/** Defines an optimiser, with the types of its options inferred. */
export function defineOptimizer<
  Name extends string,
  Options extends z.ZodObject<{ learningRate: z.ZodType<number> } & z.core.$ZodShape>,
  Coefficient extends string,
>(
  definition: OptimizerDefinition<Name, Options, Coefficient>,
): OptimizerDefinition<Name, Options, Coefficient> {
  return { kind: 'optimizer', ...definition };
}
