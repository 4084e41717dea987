import { customGrad, type GradSaveFunc, type Tensor } from '@tensorflow/tfjs-core';

/** A function of tensors with a custom gradient, which takes fewer kernels than automatic differentiation. */
export interface CustomGradient {
  /** @param save keeps tensors for the gradient */
  forward: (inputs: readonly Tensor[], save: (tensors: Tensor[]) => void) => Tensor;
  /** The gradients of the inputs, in order, from the gradient of the output and the saved tensors. */
  gradient: (dy: Tensor, saved: readonly Tensor[]) => Tensor[];
}

/** Calls a function; differentiation uses its custom gradient. */
export function withCustomGradient({ forward, gradient }: CustomGradient, ...inputs: Tensor[]): Tensor {
  const run = customGrad((...given: (Tensor | GradSaveFunc)[]) => {
    // tfjs passes the save function after the inputs.
    const save = given.at(-1) as GradSaveFunc;
    const value = forward(given.slice(0, -1) as Tensor[], save);
    return { value, gradFunc: gradient };
  });
  return run(...inputs);
}
