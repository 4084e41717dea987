import {
  greater,
  logicalAnd,
  scalar,
  sqrt,
  square,
  sum,
  where,
  type Scalar,
  type Tensor,
} from '@tensorflow/tfjs-core';

/** The Euclidean norm of all elements. */
export function normOf(tensor: Tensor): Scalar {
  return sqrt(sum<Scalar>(square(tensor)));
}

/**
 * Whether an optimiser adapts its step to the norm of a parameter. Biases and the parameters of normalisation, of rank 1, start at 0 or 1: their
 * norm says nothing of the size of a step.
 */
export function isAdapted({ rank }: Tensor): boolean {
  return rank > 1;
}

/** A ratio of norms, or 1 where one of them is 0, as at the start of a layer of zeros. */
export function ratioOr1(ratio: Scalar, norms: readonly [Scalar, Scalar]): Scalar {
  const [first, second] = norms;
  return where(logicalAnd(greater(first, 0), greater(second, 0)), ratio, scalar(1));
}
