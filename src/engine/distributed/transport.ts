/** A message: bytes at an address of native memory, which stays as it is until the transfer is over. */
export interface Transfer {
  /** The rank of the other worker. */
  readonly peer: number;
  readonly address: bigint;
  readonly bytes: number;
}

/** What a worker sends to others and receives from them at a time. */
export interface Messages {
  readonly sends: readonly Transfer[];
  readonly receives: readonly Transfer[];
}

/** The other workers' ranks; each begins with another one, so that not all send to the same. */
export function othersThan(rank: number, size: number): number[] {
  return Array.from({ length: size - 1 }, (_, index) => (rank + 1 + index) % size);
}

/** What connects the workers of a job: MPI, or the memory of a process in tests. */
export interface Transport {
  /** This worker's place in the order of sums, from 0. */
  readonly rank: number;
  /** The number of workers. */
  readonly size: number;
  /**
   * Sends and receives, and resolves when all of it is done. Messages between two workers arrive in the order in which they are sent. Throws
   * WORKER_LOST when a worker does not answer, and MPI_FAILED.
   */
  transfer(sends: readonly Transfer[], receives: readonly Transfer[]): Promise<void>;
  /** Adds float32 numbers to others: target ← target + source. */
  add(source: bigint, target: bigint, floats: number): void;
}

/** Native memory. */
export interface NativeMemory {
  malloc(bytes: number): bigint;
  free(address: bigint): void;
  memcpy(target: bigint | Uint8Array, source: bigint | Uint8Array, bytes: number): unknown;
}
