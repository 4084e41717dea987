// tfjs-core's build for Node has no gradients of its own.
import '#tfjs-gradients';
import {
  Add,
  broadcastTo,
  engine,
  expandDims,
  getBackend,
  getGradient,
  getKernel,
  mul,
  registerGradient,
  Relu,
  reshape,
  Sigmoid,
  sum,
  Tanh,
  unregisterGradient,
  util,
  type GradConfig,
  type KernelConfig,
  type Tensor,
} from '@tensorflow/tfjs-core';

import { ExtraKernel } from '../../tensorflow/backend/extra-kernels.js';

/** Whether the backend in use has a kernel. */
export function hasKernel(name: string): boolean {
  // Its type omits the undefined that it returns.
  return (getKernel(name, getBackend()) as KernelConfig | undefined) !== undefined;
}

/** The gradients that stand in the place of tfjs's. */
const own: GradConfig[] = [];

// These kernels compute each loss together with its gradient, softmax − target.
for (const kernelName of [ExtraKernel.SPARSE_CROSS_ENTROPY, ExtraKernel.CROSS_ENTROPY]) {
  registerGradient({
    kernelName,
    outputsToSave: [false, true],
    gradFunc: (upstream, saved) => {
      const [lossGradient] = upstream as Tensor[];
      const [logitsGradient] = saved;
      if (!lossGradient || !logitsGradient) throw new Error('the cross-entropy kernel saved no gradient');
      return { logits: () => mul(expandDims(lossGradient, 1), logitsGradient) };
    },
  });
}

useActivationGradient(Relu, ExtraKernel.RELU_GRADIENT);
useActivationGradient(Tanh, ExtraKernel.TANH_GRADIENT);
useActivationGradient(Sigmoid, ExtraKernel.SIGMOID_GRADIENT);

/** Computes an activation's gradient with TensorFlow's single kernel, if the backend has it, else with tfjs's several. */
function useActivationGradient(activation: string, gradientKernel: string): void {
  const original = getGradient(activation);
  const saves = original.inputsToSave ?? [];
  own.push({
    kernelName: activation,
    inputsToSave: saves,
    outputsToSave: [true],
    gradFunc: (dy, saved, attributes) => {
      const y = saved.at(-1)!;
      if (!hasKernel(gradientKernel)) {
        return original.gradFunc(dy, saves.length > 0 ? saved.slice(0, -1) : saved, attributes);
      }
      return { x: () => engine().runKernel<Tensor>(gradientKernel, { dy: dy as Tensor, y }) };
    },
  });
}

// The gradients of these gradients, for a penalty on a gradient. They are linear in dy. By y there is none, as in tfjs: what a
// gradient has saved is not connected with what it came from.
for (const kernelName of [
  ExtraKernel.RELU_GRADIENT,
  ExtraKernel.TANH_GRADIENT,
  ExtraKernel.SIGMOID_GRADIENT,
]) {
  registerGradient({
    kernelName,
    inputsToSave: ['y'],
    gradFunc: (upstream, [y]) => ({
      dy: () => engine().runKernel<Tensor>(kernelName, { dy: upstream as Tensor, y: y! }),
    }),
  });
}

// The sum over all axes but the last hands its gradient back to each of its terms.
registerGradient({
  kernelName: ExtraKernel.BIAS_GRADIENT,
  inputsToSave: ['dy'],
  gradFunc: (upstream, [dy]) => ({ dy: () => broadcastTo(upstream as Tensor, dy!.shape) }),
});

// As in tfjs, but with one kernel for a bias and none for an input of the output's shape.
own.push({
  kernelName: Add,
  inputsToSave: ['a', 'b'],
  gradFunc: (upstream, [a, b]) => {
    const dy = upstream as Tensor;
    return { a: () => sumToShape(dy, a!.shape), b: () => sumToShape(dy, b!.shape) };
  },
});
useOwnGradients();

/** Registers these gradients again, where a program has loaded `@tensorflow/tfjs` meanwhile: it registers all of its own. */
export function useOwnGradients(): void {
  for (const config of own) if (getGradient(config.kernelName) !== config) replaceGradient(config);
}

/** The gradient of a broadcast: the sum over the axes that a shape lacks or has with size 1. */
function sumToShape(dy: Tensor, shape: number[]): Tensor {
  if (util.arraysEqual(dy.shape, shape)) return dy.clone();
  if (shape.length === 1 && shape[0] === dy.shape.at(-1) && hasKernel(ExtraKernel.BIAS_GRADIENT)) {
    return biasGradient(dy);
  }
  const added = dy.shape.length - shape.length;
  const axes = dy.shape.flatMap((size, axis) =>
    axis < added || (shape[axis - added] === 1 && size > 1) ? axis : [],
  );
  return reshape(sum(dy, axes), shape);
}

/**
 * The sum over all axes but the last. Feature maps are flattened first, at no cost: otherwise TensorFlow fuses the sum with the
 * gradient of the convolution's filters, in a kernel that is a quarter slower than the two.
 */
function biasGradient(dy: Tensor): Tensor {
  const [rows] = dy.shape;
  const flat = dy.rank > 3 ? reshape(dy, [rows, -1, dy.shape.at(-1)!]) : dy;
  return engine().runKernel<Tensor>(ExtraKernel.BIAS_GRADIENT, { dy: flat });
}

/** Registers a gradient in the place of another. */
export function replaceGradient(config: GradConfig): void {
  unregisterGradient(config.kernelName);
  registerGradient(config);
}
