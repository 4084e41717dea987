import type { Tensor } from '@tensorflow/tfjs-core';

/** The state of a cell; its first tensor is the output. */
export type CellState = readonly [output: Tensor, ...rest: Tensor[]];

/** The result of a step, and the tensors that its gradient needs. */
export interface CellStep {
  readonly state: CellState;
  readonly kept: readonly Tensor[];
}

/** The gradients of a step. */
export interface CellGradient {
  /** The gradients of the input, and of the product of the previous state with the recurrent kernel: [n, gates · units] each. */
  readonly input: Tensor;
  readonly product: Tensor;
  /** The gradient of the previous state, except through the product; undefined for none. */
  readonly state: readonly (Tensor | undefined)[];
}

/** One step of a recurrent network, on inputs already multiplied with the input kernel. */
export interface RecurrentCell {
  /** The number of gates, including the candidate. */
  readonly gates: number;
  /** The number of tensors in `kept`. */
  readonly keeps: number;
  /** Whether the product has a separate bias for its last gate. */
  readonly hasProductBias: boolean;
  /**
   * @param input [n, gates · units], bias included
   * @param product the previous output times the recurrent kernel; undefined (zero) in the first step
   * @param before undefined in the first step
   * @param bias [units]: the product's last gate, if the cell has one
   */
  step(
    input: Tensor,
    product: Tensor | undefined,
    before: CellState | undefined,
    bias: Tensor | undefined,
  ): CellStep;
  /**
   * @param gradients the gradients of the step's new state; undefined for none
   * @param before undefined in the first step
   */
  back(
    gradients: readonly (Tensor | undefined)[],
    kept: readonly Tensor[],
    before: CellState | undefined,
  ): CellGradient;
}
