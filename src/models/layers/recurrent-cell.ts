import type { Tensor } from '@tensorflow/tfjs-core';

/** What a cell keeps from step to step; the first of it is what it puts out. */
export type CellState = readonly [output: Tensor, ...rest: Tensor[]];

/** A step that was made, and what its gradient needs. */
export interface CellStep {
  readonly state: CellState;
  readonly kept: readonly Tensor[];
}

/** The gradients of a step. */
export interface CellGradient {
  /** Of its input, and of the product of the state before with the recurrent kernel: [n, gates · units] each. */
  readonly input: Tensor;
  readonly product: Tensor;
  /** Of the state before, as far as it does not pass through the product; undefined for none. */
  readonly state: readonly (Tensor | undefined)[];
}

/** One step of a recurrent network, on inputs that were multiplied with their kernel before. */
export interface RecurrentCell {
  /** How many values a unit takes of the input and of the product. */
  readonly gates: number;
  /** How many tensors `kept` holds. */
  readonly keeps: number;
  /** Whether the product has a bias for its last gate, beside the input's. */
  readonly hasProductBias: boolean;
  /**
   * @param input [n, gates · units], bias included
   * @param product the output before times the recurrent kernel: undefined in the first step, before which it is zero
   * @param before undefined in the first step
   * @param bias [units]: of the product's last gate, where the cell has one
   */
  step(
    input: Tensor,
    product: Tensor | undefined,
    before: CellState | undefined,
    bias: Tensor | undefined,
  ): CellStep;
  /**
   * @param gradients of the state that a step gave, in its order; undefined for none
   * @param before undefined in the first step
   */
  back(
    gradients: readonly (Tensor | undefined)[],
    kept: readonly Tensor[],
    before: CellState | undefined,
  ): CellGradient;
}
