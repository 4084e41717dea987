import {
  add,
  concat,
  matMul,
  mul,
  reshape,
  square,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
} from '@tensorflow/tfjs-core';

import { elementCount } from '../../core/images.js';
import type { Patches } from './patches.js';

/**
 * The gradients of one parameter, one for each example, without those gradients: their norms, and any weighted sum of them ("ghost
 * clipping": Goodfellow, "Efficient per-example gradient computations", 2015; Bu et al., "Differentially private optimization on large
 * model at small cost", 2023).
 */
export interface ExampleGradients {
  /** The squared L2 norm of each example's gradient: [n]. */
  squaredNorms(): Tensor1D;
  /**
   * The sum of the examples' gradients, each multiplied with its weight: the parameter's shape.
   *
   * @param weights [n]
   */
  weightedSum(weights: Tensor1D): Tensor;
}

/**
 * Gradients that are small, and so there: those of biases, scales, positions and depthwise filters.
 *
 * @param gradients [n, …]
 * @param shape the parameter's
 */
export function explicitGradients(gradients: Tensor, shape: readonly number[]): ExampleGradients {
  const rows: Tensor2D = reshape(gradients, [gradients.shape[0], -1]);
  return {
    squaredNorms: () => sum(square(rows), 1),
    weightedSum: (weights) => reshape(matMul(column(weights), rows, true), [...shape]),
  };
}

/**
 * The gradients AᵀG of a matrix that maps each of t tokens, places or time steps of an example: [in] to [out].
 *
 * The norm of AᵀG is the sum of all entries of AAᵀ ⊙ GGᵀ. Which of the two is made depends on the shapes alone: AAᵀ and GGᵀ take
 * t² · (in + out) multiplications, AᵀG takes t · in · out. With a single token it is ‖a‖² · ‖g‖².
 *
 * @param inputs A of each example: [n, t, in]
 * @param outputs G of each example, the gradient of the output: [n, t, out]
 * @param shape the matrix's, or one of as many elements
 */
export function productGradients(
  inputs: Tensor3D,
  outputs: Tensor3D,
  shape: readonly number[],
): ExampleGradients {
  const [examples, tokens, width] = inputs.shape;
  const [, , units] = outputs.shape;
  if (tokens > 1 && !isGramCheaper(tokens, width, units)) {
    return explicitGradients(matMul(inputs, outputs, true), shape);
  }
  return {
    squaredNorms: () =>
      tokens === 1
        ? mul(squares(inputs), squares(outputs))
        : entries(matMul(inputs, inputs, false, true), matMul(outputs, outputs, false, true)),
    weightedSum(weights) {
      const weighted = mul(reshape(outputs, [examples, tokens * units]), column(weights));
      const flat: Tensor2D = reshape(inputs, [examples * tokens, width]);
      const product = matMul<Tensor2D>(flat, reshape(weighted, [examples * tokens, units]), true);
      return reshape(product, [...shape]);
    },
  };
}

/**
 * The gradients of convolution filters: those of a matrix that maps the pixels under the filter, at each place, to the filters.
 *
 * @param patches the pixels under the filter
 * @param outputs the gradient of the output: [n, places, filters]
 * @param shape the filters': [height, width, channels, filters]
 * @param ordinary the filters' gradient for a gradient of the output, [n, places, filters], as ordinary training computes it
 */
export function filterGradients(
  { parts, hasPlacesLast }: Patches,
  outputs: Tensor3D,
  shape: readonly number[],
  ordinary: (outputs: Tensor3D) => Tensor,
): ExampleGradients {
  const [examples, places, filters] = outputs.shape;
  const weightsPerFilter = elementCount(shape.slice(0, -1));
  if (!isGramCheaper(places, weightsPerFilter, filters)) {
    const products = parts.map((pixels) => matMul(pixels, outputs, !hasPlacesLast));
    return explicitGradients(products.length === 1 ? products[0]! : concat(products, 1), shape);
  }
  return {
    squaredNorms() {
      const products = parts.map((pixels) => matMul(pixels, pixels, hasPlacesLast, !hasPlacesLast));
      return entries(
        products.reduce((total, product) => add(total, product)),
        matMul(outputs, outputs, false, true),
      );
    },
    weightedSum(weights) {
      const weighted = mul(reshape(outputs, [examples, places * filters]), column(weights));
      return ordinary(reshape(weighted, [examples, places, filters]));
    },
  };
}

/** Whether AAᵀ and GGᵀ take fewer multiplications than AᵀG. */
function isGramCheaper(tokens: number, width: number, units: number): boolean {
  return tokens * (width + units) < width * units;
}

/** Σ over the entries of A ⊙ B, of each example. */
function entries(first: Tensor, second: Tensor): Tensor1D {
  return sum(mul(first, second), [1, 2]);
}

function squares(values: Tensor): Tensor1D {
  return sum(square(reshape(values, [values.shape[0], -1])), 1);
}

function column(weights: Tensor1D): Tensor2D {
  return reshape(weights, [weights.size, 1]);
}
