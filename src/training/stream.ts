import { Random } from '../core/random.js';
import type { LabelledImages } from '../engine/images.js';
import type { SliceResult, TrainingProgram } from '../engine/program.js';

/** A data set in parts of one size, of which a few at a time are in memory. */
export interface ShardSource {
  readonly shards: number;
  /** Images of each shard. */
  readonly shardSize: number;
  read(shard: number): Promise<LabelledImages>;
}

/** A program that can be given the next part of its data. */
export interface StreamingProgram extends TrainingProgram {
  replaceImages(images: LabelledImages): Promise<void>;
}

export interface StreamPlan {
  epochs: number;
  batchSize: number;
  seed: number;
}

/** How far a stream has been trained on; with the variables, all that is needed to go on. */
export interface StreamPosition {
  /** Completed epochs. */
  epochs: number;
  /** Batches done of the epoch under way. */
  batches: number;
}

export interface StreamParts {
  program: StreamingProgram;
  source: ShardSource;
  /** The coefficients of a step, counted from 0 over all epochs. */
  coefficients: (step: number) => readonly number[];
  /** Told what has been done; the position is that after the slice. */
  onSlice: (result: SliceResult, position: StreamPosition) => void;
  signal: AbortSignal;
}

/** The shards in the order of an epoch: drawn from the seed and the epoch's number alone, which counts from 1. */
export function shardOrder(seed: number, epoch: number, shards: number): Int32Array {
  return new Random(seed, 'shuffle-shards', epoch).shuffle(
    Int32Array.from({ length: shards }, (_, at) => at),
  );
}

/** The images of a shard in the order of an epoch. */
export function orderInShard(seed: number, epoch: number, shard: number, size: number): Int32Array {
  const images = Int32Array.from({ length: size }, (_, at) => at);
  return new Random(seed, `shuffle-shard-${epoch}`, shard).shuffle(images);
}

/**
 * Trains on a data set that does not fit into memory. In each epoch, shards come in another order, and their images too; while one
 * is trained on, the next is read. So images that share a shard meet in batches again and again: shards should be mixed when they
 * are written. No more than two shards are in this process's memory and one on the device.
 *
 * Returns the position when all is done, or after the slice under way when the signal is aborted.
 */
export async function trainOnShards(
  plan: StreamPlan,
  start: StreamPosition,
  parts: StreamParts,
): Promise<StreamPosition> {
  const { source, signal } = parts;
  const perShard = Math.ceil(source.shardSize / plan.batchSize);
  let position = start;
  let next = readAhead(source, shardAt(plan, source, position, perShard));
  while (position.epochs < plan.epochs && !signal.aborted) {
    const images = await next();
    const after = nextShard(position, perShard, source.shards);
    // The one after the last is not needed.
    if (after.epochs < plan.epochs) next = readAhead(source, shardAt(plan, source, after, perShard));
    position = await trainOnShard(plan, position, perShard, images, parts);
  }
  await next().catch(() => undefined);
  return position;
}

async function trainOnShard(
  plan: StreamPlan,
  start: StreamPosition,
  perShard: number,
  images: LabelledImages,
  { program, source, coefficients, onSlice, signal }: StreamParts,
): Promise<StreamPosition> {
  const first = Math.floor(start.batches / perShard) * perShard;
  const stepsBefore = start.epochs * perShard * source.shards + first;
  const shard = shardAt(plan, source, start, perShard);
  const positionAt = (batch: number): StreamPosition =>
    batch < perShard
      ? { epochs: start.epochs, batches: first + batch }
      : nextShard(start, perShard, source.shards);
  await program.replaceImages(images);
  const done = await program.run({
    order: orderInShard(plan.seed, start.epochs + 1, shard, source.shardSize),
    batchSize: plan.batchSize,
    firstBatch: start.batches - first,
    coefficients: (batch) => coefficients(stepsBefore + batch),
    signal,
    onSlice: (result) => {
      onSlice(result, positionAt(result.first + result.losses.length));
    },
  });
  return positionAt(done);
}

function shardAt(
  { seed }: StreamPlan,
  { shards }: ShardSource,
  position: StreamPosition,
  perShard: number,
): number {
  return shardOrder(seed, position.epochs + 1, shards)[Math.floor(position.batches / perShard)]!;
}

/** Where the shard after the present one begins. */
function nextShard({ epochs, batches }: StreamPosition, perShard: number, shards: number): StreamPosition {
  const following = Math.floor(batches / perShard) + 1;
  return following < shards ? { epochs, batches: following * perShard } : { epochs: epochs + 1, batches: 0 };
}

/** Begins to read; a failure is told when the shard is asked for, and not before. */
function readAhead(source: ShardSource, shard: number): () => Promise<LabelledImages> {
  const reading = source.read(shard);
  reading.catch(() => undefined);
  return () => reading;
}
