import { scalar, type Scalar } from '@tensorflow/tfjs-core';

/** Coefficients as a step or an optimiser takes them. */
export function scalarsOf<Name extends string>(
  coefficients: Readonly<Record<Name, number>>,
): Record<Name, Scalar> {
  const scalars = Object.entries<number>(coefficients).map(([name, value]) => [name, scalar(value)]);
  return Object.fromEntries(scalars) as Record<Name, Scalar>;
}
