let isShared = false;

/**
 * Runs a function that computes a step of a batch whose rows others compute too: shards of a process, or workers. What it computes of the
 * whole batch is written as sums over rows, which can be added up.
 */
export function withSharedBatch<Result>(run: () => Result): Result {
  const before = isShared;
  isShared = true;
  try {
    return run();
  } finally {
    isShared = before;
  }
}

/** Whether `withSharedBatch` is running. */
export function isBatchShared(): boolean {
  return isShared;
}
