import { elementCount } from '../../core/images.js';
import type { Trace } from '../tracing/trace.js';

/** Bytes of a step's results: those that grow with the batch, for each of its images, and the others. */
export interface StepMemory {
  perImage: number;
  fixed: number;
}

/** Of the types that steps compute with, all but booleans have four bytes. */
const BYTES = 4;
/** The runtime needs some of the memory for itself, and allocators leave gaps. */
const USABLE = 0.8;

/**
 * What a step holds at most, from traces with two sizes of batch: all that its operations give, as if nothing were freed before its
 * end. In truth much is, so this is more than is needed.
 */
export function stepMemory(few: Trace, fewImages: number, more: Trace, moreImages: number): StepMemory {
  const [least, most] = [bytesOf(few), bytesOf(more)];
  const perImage = Math.max(1, (most - least) / (moreImages - fewImages));
  return { perImage, fixed: Math.max(0, least - perImage * fewImages) };
}

/** The largest batch that fits into some bytes, at most half of one that did not; a power of two. */
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
