import type { RecordedOperation } from '../tensorflow/recording-binding.js';
import { elementCount } from './images.js';

/** Steps of more multiplications than this gain from a second thread in their kernels; smaller ones lose by it. */
const SMALL_STEP = 150e6;

/**
 * How many threads should share a kernel's work, when nobody has said it. It depends on the step alone, never on how busy the
 * machine is: with another number sums are rounded differently, and a seed would not give the same weights again.
 *
 * @param share how many of these operations a step has, when they were recorded with a part of a batch
 */
export function fittingThreads(
  operations: readonly RecordedOperation[],
  share: number,
  available: number,
): number {
  return multiplications(operations) * share > SMALL_STEP ? available : 1;
}

/** How many multiplications the matrix products and convolutions among some operations take. */
export function multiplications(operations: readonly RecordedOperation[]): number {
  return operations.reduce((sum, operation) => sum + multiplicationsOf(operation), 0);
}

function multiplicationsOf({ name, attributes, inputShapes, outputs }: RecordedOperation): number {
  const [first = [], second = [], third = []] = inputShapes;
  const output = outputs[0]?.shape ?? [];
  switch (name) {
    case 'MatMul':
    case 'BatchMatMulV2': {
      const isTransposed = attributes.some(
        (attribute) => ['transpose_a', 'adj_x'].includes(attribute.name) && attribute.value === true,
      );
      return elementCount(output) * (first.at(isTransposed ? -2 : -1) ?? 0);
    }
    // Each number of a convolution's result takes a product with every weight of its filter.
    case 'Conv2D':
    case 'DepthwiseConv2dNative':
      return elementCount(output) * weightsOfOneFilter(second);
    case 'Conv2DBackpropInput':
      return elementCount(third) * weightsOfOneFilter(second);
    case 'Conv2DBackpropFilter':
      return elementCount(third) * weightsOfOneFilter(output);
    default:
      return 0;
  }
}

/** @param filter [height, width, channels, filters] */
function weightsOfOneFilter(filter: readonly number[]): number {
  return elementCount(filter.slice(0, -1));
}
