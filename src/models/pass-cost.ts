import { freemem } from 'node:os';

/** The cost of a forward pass for one image. */
export interface PassCost {
  /** The number of floats allocated, if none is freed before the end. */
  readonly numbers: number;
  /** The number of operations. */
  readonly operations: number;
}

/** 1 GiB per image: far more than any network for small images needs. */
const MAX_NUMBERS = 2 ** 28;
/** A bidirectional recurrent network with 64 layers has fewer; tracing and compiling more would take minutes. */
const MAX_OPERATIONS = 50_000;
/** Leaves memory for other processes. */
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
 * Why a model cannot run with a batch size on this machine, for a message; undefined if it can.
 *
 * @param weights the number of floats in its parameters
 */
export function unaffordable(
  weights: number,
  { numbers, operations }: PassCost,
  images: number,
): string | undefined {
  // Negated, so that NaN is refused too.
  if (!(operations <= MAX_OPERATIONS))
    return `it has ${operations} operations; the limit is ${MAX_OPERATIONS}`;
  if (!(numbers <= MAX_NUMBERS))
    return `it needs ${inGibibytes(BYTES * numbers)} of memory per image; the limit is 1 GiB`;
  const needed = BYTES * (weights + images * numbers);
  const usable = USABLE_SHARE * availableMemory();
  if (needed <= usable) return undefined;
  return `it needs ${inGibibytes(needed)} of memory for a batch of ${images} images; ${inGibibytes(usable)} is available`;
}

/** The available memory of this machine, or of the container, in bytes. */
export function availableMemory(): number {
  // Added in Node.js 20.13.
  const { availableMemory: available } = process as { availableMemory?: () => number };
  return available ? available() : freemem();
}

function inGibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
