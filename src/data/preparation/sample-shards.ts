import type { PreparedData } from '../../artifacts/prepared.js';
import { imagesIn, readShardOf, type ShardedData, type ShardedSplit } from '../../artifacts/sharded.js';
import type { StageContext } from '../../core/events.js';
import { allIndices, pixelsPerImage, type LabelledImages } from '../../core/images.js';
import { MEMORY_BYTES } from './sharding-options.js';

/**
 * A set in shards as one in memory, for whoever looks at some of its images: the first training shards, which are a sample of all,
 * stand for all where these do not fit. A notice says so.
 */
export async function sampleOf(
  data: ShardedData,
  { emit, signal }: StageContext,
  memoryBytes = MEMORY_BYTES / 2,
): Promise<PreparedData> {
  const validation = await readSplit(data, 'validation', memoryBytes, signal);
  const training = await readSplit(data, 'training', memoryBytes, signal);
  const test = await readSplit(data, 'test', memoryBytes, signal);
  const parts = { training, validation, test };
  for (const [name, { count }] of Object.entries(parts)) {
    const all = imagesIn(data, name as ShardedSplit);
    if (count < all) emit({ event: 'notice', message: `${count} of ${all} ${name} images stand for all` });
  }
  const { count } = validation;
  const train = joined([validation, training], data.shape);
  const split = { validation: allIndices(count), training: allIndices(train.count).subarray(count) };
  return { ...data, train, test, split };
}

/** The first images of a split, as many whole shards as fit, and one at least. */
async function readSplit(
  data: ShardedData,
  split: ShardedSplit,
  memoryBytes: number,
  signal: AbortSignal,
): Promise<LabelledImages> {
  const shards: LabelledImages[] = [];
  let bytes = 0;
  for (const [shard, { images }] of data.shards[split].entries()) {
    signal.throwIfAborted();
    bytes += images * pixelsPerImage(data.shape);
    if (shard > 0 && bytes > memoryBytes) break;
    shards.push(await readShardOf(data, split, shard));
  }
  return joined(shards, data.shape);
}

function joined(parts: readonly LabelledImages[], shape: LabelledImages['shape']): LabelledImages {
  const [only, ...more] = parts.filter(({ count }) => count > 0);
  if (only && more.length === 0) return only;
  return {
    count: parts.reduce((sum, { count }) => sum + count, 0),
    shape,
    pixels: Buffer.concat(parts.map(({ pixels }) => pixels)),
    labels: Buffer.concat(parts.map(({ labels }) => labels)),
  };
}
