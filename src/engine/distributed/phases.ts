import type { NodeOutput } from '../../tensorflow/c-api/graph-builder.js';

/** A part of a step that a worker runs without the others, and the exchange at its end. */
export interface Phase {
  /** Values of earlier phases that it takes: the node that it feeds, and the node of the earlier phase. */
  readonly carried: readonly Carried[];
  /** The terms of all sums, in one vector; undefined if there are none. */
  readonly sums: SumExchange | undefined;
  /** The rows that the workers send each other. */
  readonly rows: readonly RowExchange[];
}

/** A value that goes from one phase to a later one on the same worker. */
export interface Carried {
  readonly feed: string;
  readonly fetch: NodeOutput;
  /** The phase that computes it. */
  readonly from: number;
}

/** Partial sums: each worker's vector is fetched, and the sum of all is fed to the next phase. */
export interface SumExchange {
  readonly fetch: NodeOutput;
  readonly feed: string;
  readonly floats: number;
}

/** Rows of a value: each worker's are fetched, and all of them, in order, are fed to the next phase. */
export interface RowExchange {
  readonly fetch: NodeOutput;
  readonly feed: string;
  readonly type: number;
  /** The shape of the whole value. */
  readonly shape: readonly number[];
  /** The bytes of an image's rows. */
  readonly bytesPerImage: number;
}
