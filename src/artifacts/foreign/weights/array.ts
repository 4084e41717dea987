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

const EXPONENT_BIAS = 15;

/** The number that 16 bits stand for in IEEE 754's half precision. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * 2 ** (1 - EXPONENT_BIAS) * (fraction / 1024);
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * 2 ** (exponent - EXPONENT_BIAS) * (1 + fraction / 1024);
}
