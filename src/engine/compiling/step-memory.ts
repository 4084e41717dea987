import { elementCount } from '../../core/images.js';
import type { Trace } from '../tracing/trace.js';

/** The memory of a step's outputs, in bytes: per image of the batch, and independent of the batch size. */
export interface StepMemory {
  perImage: number;
  fixed: number;
}

/** Bytes per element: all types in a step except booleans have four. */
const BYTES = 4;
/** The usable share of memory: the runtime needs some, and allocators fragment it. */
const USABLE = 0.8;

/**
 * An upper bound of a step's memory, from traces with two batch sizes: the sum of all outputs, as if nothing were freed before the end
 * of the step.
 */
export function stepMemory(few: Trace, fewImages: number, more: Trace, moreImages: number): StepMemory {
  const [least, most] = [bytesOf(few), bytesOf(more)];
  const perImage = Math.max(1, (most - least) / (moreImages - fewImages));
  return { perImage, fixed: Math.max(0, least - perImage * fewImages) };
}

/** The largest power of two that fits as a batch size into `available` bytes; at most half of `tried`, which did not fit. */
export function fittingBatch({ perImage, fixed }: StepMemory, available: number, tried: number): number {
  const fits = Math.min((available * USABLE - fixed) / perImage, tried / 2);
  return 2 ** Math.floor(Math.log2(Math.max(1, fits)));
}

function bytesOf({ operations }: Trace): number {
  return operations.reduce(
    (sum, { outputs }) => sum + outputs.reduce((bytes, { shape }) => bytes + BYTES * elementCount(shape), 0),
    0,
  );
}
