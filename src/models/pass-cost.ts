import { freemem } from 'node:os';

/** What a forward pass takes for one image. */
export interface PassCost {
  /** Numbers that it holds, if none of them is freed before its end. */
  readonly numbers: number;
  /** Operations of which it consists. */
  readonly operations: number;
}

/** 1 GiB for one image: far more than any net for small images holds. */
const MAX_NUMBERS = 2 ** 28;
/** A recurrent net with 64 layers in both directions has fewer; to record and compile more would take minutes. */
const MAX_OPERATIONS = 50_000;
/** The rest is for what else happens on the machine. */
const USABLE_SHARE = 0.8;
const BYTES = 4;

/** The cost of several parts together. */
export function sumOfCosts(costs: readonly PassCost[]): PassCost {
  return {
    numbers: costs.reduce((sum, { numbers }) => sum + numbers, 0),
    operations: costs.reduce((sum, { operations }) => sum + operations, 0),
  };
}

/**
 * Why a model cannot be used with so many images at a time on this machine, for a message; undefined where it can.
 *
 * @param weights how many numbers its parameters hold
 */
export function unaffordable(
  weights: number,
  { numbers, operations }: PassCost,
  images: number,
): string | undefined {
  // Written so that NaN is refused as well.
  if (!(operations <= MAX_OPERATIONS))
    return `it consists of ${operations} operations, and ${MAX_OPERATIONS} is the limit`;
  if (!(numbers <= MAX_NUMBERS))
    return `it needs ${inGibibytes(BYTES * numbers)} of memory for each image, and 1 GiB is the limit`;
  const needed = BYTES * (weights + images * numbers);
  const usable = USABLE_SHARE * availableMemory();
  if (needed <= usable) return undefined;
  return `it needs ${inGibibytes(needed)} of memory for ${images} images at a time, and ${inGibibytes(usable)} can be used`;
}

/** Memory that can be had on this machine or, in a container, within its limit; in bytes. */
export function availableMemory(): number {
  // Added in Node.js 20.13.
  const { availableMemory: available } = process as { availableMemory?: () => number };
  return available ? available() : freemem();
}

function inGibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
