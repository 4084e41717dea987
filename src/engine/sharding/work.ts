import type { RecordedOperation } from '../../tensorflow/backend/recording-binding.js';
import { elementCount } from '../../core/images.js';

/** Steps of fewer multiplications lose by a second thread in their kernels more than they gain. */
const SMALL_STEP = 150e6;
/** Shards of a large step are to have so many rows at least: kernels get slower on fewer. */
const FEWEST_ROWS = 20;
/** A shard of fewer multiplications is done before another core has woken up for it. */
const SMALLEST_SHARD = 8e6;

/** Operations that look at the whole batch: to put it together for each of them would cost more than shards save. */
const WHOLE_BATCH = new Set(['FusedBatchNormV3']);

/** Interpolating a pixel takes about as long as so many multiplications: measured with bench/augmentation.ts. */
const PER_INTERPOLATED_PIXEL = 100;

/** How a step uses the cores. */
export interface CorePlan {
  /** Threads that share one kernel's work. */
  threads: number;
  /** Threads that run kernels beside each other. */
  schedulingThreads: number;
  /** Into how many shards each batch is cut, which go their way beside each other. */
  shards: number;
}

/**
 * How a step makes the best of some cores: of its batch each takes shards, or, where the batch cannot be cut for so many, they share
 * each kernel's work. It depends on the step and the number of cores alone, never on how busy the machine is: otherwise sums would be rounded
 * differently from run to run, and a seed would not give the same weights again.
 *
 * @param operations of a step with a batch of `size`, which may be the last of an epoch
 * @param batch the plan is made for batches of `fullSize`
 */
export function planCores(
  operations: readonly RecordedOperation[],
  { size, fullSize }: { size: number; fullSize: number },
  cores: number,
): CorePlan {
  const work = (multiplications(operations) * fullSize) / size;
  if (operations.some(({ name }) => WHOLE_BATCH.has(name))) return shareKernels(cores);
  const shards = work > SMALL_STEP ? oneEach(fullSize, cores) : fittingShards(work, fullSize, cores);
  if (shards === undefined) return shareKernels(cores);
  return { threads: 1, schedulingThreads: Math.min(shards, cores), shards };
}

/** The batch stays whole. */
function shareKernels(cores: number): CorePlan {
  return { threads: cores, schedulingThreads: cores, shards: 1 };
}

/** One shard a core; undefined where the batch cannot be divided so, or its shards would be too small for their kernels. */
function oneEach(batch: number, cores: number): number | undefined {
  return batch % cores === 0 && batch / cores >= FEWEST_ROWS ? cores : undefined;
}

/** As many as there are cores, as have enough to do, and as the batch can be divided into. */
function fittingShards(work: number, batch: number, cores: number): number {
  for (let shards = Math.min(cores, Math.floor(work / SMALLEST_SHARD)); shards > 1; shards--) {
    if (batch % shards === 0) return shards;
  }
  return 1;
}

/** How many multiplications the matrix products and convolutions among some operations take, or what else takes as long. */
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
      return elementCount(output) * weightsOfOneFilter(second);
    case 'Conv2DBackpropInput':
      return elementCount(third) * weightsOfOneFilter(second);
    case 'Conv2DBackpropFilter':
      return elementCount(third) * weightsOfOneFilter(output);
    // A filter looks at one channel.
    case 'DepthwiseConv2dNative':
      return elementCount(output) * elementCount(second.slice(0, 2));
    case 'DepthwiseConv2dNativeBackpropInput':
      return elementCount(third) * elementCount(second.slice(0, 2));
    case 'DepthwiseConv2dNativeBackpropFilter':
      return elementCount(third) * elementCount(output.slice(0, 2));
    case 'ImageProjectiveTransformV3':
      return elementCount(output) * PER_INTERPOLATED_PIXEL;
    default:
      return 0;
  }
}

/** @param filter [height, width, channels, filters] */
function weightsOfOneFilter(filter: readonly number[]): number {
  return elementCount(filter.slice(0, -1));
}
