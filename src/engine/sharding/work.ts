import type { RecordedOperation } from '../../tensorflow/backend/recording-binding.js';
import { elementCount } from '../../core/images.js';

/** Multiplications per step below which a second thread per kernel costs more than it gains. */
const SMALL_STEP = 150e6;
/** Minimum rows per shard of a large step: kernels are slower on fewer. */
const FEWEST_ROWS = 20;
/** Minimum multiplications per shard: a smaller one ends before another core has woken up. */
const SMALLEST_SHARD = 8e6;

/** Operations on the whole batch: joining the shards for them would cost more than sharding saves. */
const WHOLE_BATCH = new Set(['FusedBatchNormV3']);

/** The cost of interpolating a pixel, in multiplications; measured with bench/augmentation.ts. */
const PER_INTERPOLATED_PIXEL = 100;

/** How a step uses the cores. */
export interface CorePlan {
  /** Intra-op threads, which share the work of one kernel. */
  threads: number;
  /** Inter-op threads, which run kernels in parallel. */
  schedulingThreads: number;
  /** The number of shards of each batch, which run in parallel. */
  shards: number;
}

/**
 * Plans how a step uses the cores: each runs a shard of the batch, or, if the batch cannot be split so, they share the work of each
 * kernel. The plan depends only on the step and the number of cores, not on the machine's load: otherwise sums would be rounded
 * differently from run to run, and a seed would not reproduce the weights.
 *
 * @param operations the traced step, with a batch of `size`, which may be the smaller last one of an epoch
 * @param batch `size`, and the `fullSize` that the plan is for
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

/** One shard per core; undefined if the batch is not divisible, or the shards would be too small. */
function oneEach(batch: number, cores: number): number | undefined {
  return batch % cores === 0 && batch / cores >= FEWEST_ROWS ? cores : undefined;
}

/** The largest number of shards, up to one per core, that divides the batch and leaves each enough work. */
function fittingShards(work: number, batch: number, cores: number): number {
  for (let shards = Math.min(cores, Math.floor(work / SMALLEST_SHARD)); shards > 1; shards--) {
    if (batch % shards === 0) return shards;
  }
  return 1;
}

/** The cost of some operations in multiplications: matrix products, convolutions and interpolation. */
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
    // Each element of a convolution's output takes a multiplication per weight of its filter.
    case 'Conv2D':
      return elementCount(output) * weightsOfOneFilter(second);
    case 'Conv2DBackpropInput':
      return elementCount(third) * weightsOfOneFilter(second);
    case 'Conv2DBackpropFilter':
      return elementCount(third) * weightsOfOneFilter(output);
    // A depthwise filter covers one channel.
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
