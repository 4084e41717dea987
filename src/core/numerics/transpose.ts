import { elementCount } from '../images.js';

/**
 * The values of a tensor with its axes in another order, as numpy's `transpose`.
 *
 * @param axes for each axis of the result, the one of the tensor that it is
 */
export function transposeValues(
  values: ArrayLike<number>,
  shape: readonly number[],
  axes: readonly number[],
): Float32Array {
  const sizes = axes.map((axis) => shape[axis]!);
  const steps = axes.map((axis) => elementCount(shape.slice(axis + 1)));
  const result = new Float32Array(values.length);
  const position = axes.map(() => 0);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = values[from]!;
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++position[axis]! < sizes[axis]!) break;
      from -= position[axis]! * steps[axis]!;
      position[axis] = 0;
    }
  }
  return result;
}
