import { customGrad, type GradSaveFunc, type Tensor } from '@tensorflow/tfjs-core';

/** A function of tensors whose gradient is written out, because that takes fewer kernels than the chain rule applied to each operation. */
export interface OwnGradient {
  /** @param keep holds tensors for the gradient */
  forward: (inputs: readonly Tensor[], keep: (tensors: Tensor[]) => void) => Tensor;
  /** The gradients of the inputs, in their order, by that of the result and what was kept. */
  gradient: (dy: Tensor, kept: readonly Tensor[]) => Tensor[];
}

/** Calls a function, and takes its own gradient where one is asked for. */
export function withOwnGradient({ forward, gradient }: OwnGradient, ...inputs: Tensor[]): Tensor {
  const run = customGrad((...given: (Tensor | GradSaveFunc)[]) => {
    // tfjs passes the function that keeps tensors after the inputs.
    const keep = given.at(-1) as GradSaveFunc;
    const value = forward(given.slice(0, -1) as Tensor[], keep);
    return { value, gradFunc: gradient };
  });
  return run(...inputs);
}
