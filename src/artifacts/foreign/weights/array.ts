import { transposeValues } from '../../../core/numerics/transpose.js';

/** An array of numbers in a foreign file, read when it is asked for. */
export interface ForeignArray {
  readonly shape: readonly number[];
  values(): Float32Array;
}

/** An array that is in memory. */
export function heldArray(shape: readonly number[], values: Float32Array): ForeignArray {
  return { shape, values: () => values };
}

/** The array with its axes in another order, as numpy's `transpose`. */
export function transposed(array: ForeignArray, axes: readonly number[]): ForeignArray {
  const { shape } = array;
  const moved = axes.map((axis) => shape[axis]!);
  return { shape: moved, values: () => transposeValues(array.values(), shape, axes) };
}
