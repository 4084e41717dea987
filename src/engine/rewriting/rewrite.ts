import type { RecordedOperation } from '../../tensorflow/backend/recording-binding.js';
import { OperationList } from './operation-list.js';
import { plainProducts } from './plain-products.js';
import { poolBeforeRelu } from './pool-before-relu.js';

/** Ways to compute the same with less work. */
const rewrites = [poolBeforeRelu, plainProducts];

/**
 * The operations of a trace, rewritten to compute the same faster. Results differ at most by the order of sums.
 *
 * @param kept the tensors that are of use outside of the operations: results, and new values of variables
 */
export function rewrite(
  operations: readonly RecordedOperation[],
  kept: Iterable<number>,
): readonly RecordedOperation[] {
  const held = [...kept];
  return rewrites.reduce<readonly RecordedOperation[]>(
    (list, step) => step(new OperationList(list, held)),
    operations,
  );
}
