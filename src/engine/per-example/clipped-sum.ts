import {
  addN,
  div,
  maximum,
  minimum,
  mul,
  sqrt,
  sum,
  variableGrads,
  type NamedTensorMap,
  type Tensor,
  type Tensor1D,
  type Variable,
} from '@tensorflow/tfjs-core';

import { ToolkitError } from '../../core/errors.js';
import { Collector } from './collector.js';
import type { ExampleGradients } from './example-gradients.js';
import { withRules } from './rules.js';

/** A sum over the examples of a batch, of which each counts at most for as much as its norm may be. */
export interface ClippedSum {
  /** The loss of each example: [n]. */
  losses: Tensor1D;
  /** The norm of each example's gradient before it was clipped: [n]. */
  norms: Tensor1D;
  /** The sums of the clipped gradients, by the parameter's name. */
  gradients: NamedTensorMap;
}

/** Avoids a division by zero; so an example whose gradient is 0 has the weight 1. */
const SMALLEST_NORM = 1e-12;

/**
 * Sums the gradients of a batch's examples, each scaled down to a norm of at most `maxNorm` over all parameters (Abadi et al., "Deep
 * learning with differential privacy", 2016), with one forward and one backward pass, and without making the gradients of single
 * examples: see `ExampleGradients`.
 *
 * Call it inside `tidy`. Throws PRIVACY_UNSUPPORTED where a parameter is used in a way for which no norms are known, or by none of the examples.
 *
 * @param lossesOf the loss of each example: [n]. An example's must not depend on the others
 * @param parameters by name
 * @param weights multiply the clipped gradients: [n]; 0 for those that only fill the batch
 */
export function clippedSum(
  lossesOf: () => Tensor1D,
  parameters: ReadonlyMap<string, Variable>,
  { examples, maxNorm, weights }: { examples: number; maxNorm: number; weights: Tensor1D },
): ClippedSum {
  const collector = new Collector([...parameters.values()], examples);
  try {
    const { losses, noted } = backwards(lossesOf, parameters, collector);
    // Sums of products with both signs: rounded, one of almost 0 may come out below it.
    const squared = addN(noted.map((gradients) => gradients.squaredNorms()));
    const norms: Tensor1D = sqrt(maximum(squared, 0));
    const factors: Tensor1D = mul(weights, minimum(div(maxNorm, maximum(norms, SMALLEST_NORM)), 1));
    const gradients = Object.fromEntries(
      [...parameters.keys()].map((name, index) => [name, noted[index]!.weightedSum(factors)]),
    );
    return { losses, norms, gradients };
  } finally {
    collector.dispose();
  }
}

function backwards(
  lossesOf: () => Tensor1D,
  parameters: ReadonlyMap<string, Variable>,
  collector: Collector,
): { losses: Tensor1D; noted: ExampleGradients[] } {
  let losses: Tensor1D | undefined;
  const { grads } = collector.during(() =>
    withRules(() =>
      variableGrads(() => {
        losses = collector.hold(lossesOf());
        return sum(losses);
      }, [...parameters.values()]),
    ),
  );
  const noted = [...parameters].map(([name, parameter]) => {
    const gradients = collector.gradientsOf(parameter);
    // Any other use of the parameter has added a gradient to what stands in for it.
    const standIn: Tensor | undefined = grads[parameter.name];
    if (gradients && standIn?.dataId === parameter.dataId) return gradients;
    throw new ToolkitError('PRIVACY_UNSUPPORTED', {
      reason: `the gradients of the parameter ${name} cannot be told apart by example`,
    });
  });
  return { losses: losses!.clone(), noted };
}
