import { returnUnusedMemory } from '../tensorflow/c-api/unused-memory.js';

const CHECK_MS = 10_000;
/** Growth that is worth a look at all free blocks. */
const MIN_GROWTH_BYTES = 16 << 20;

/**
 * Returns freed memory to the operating system while a server runs, as long as the process is noticeably larger than it once was, so
 * that a burst of large requests does not leave it large. What was still in use at one look may be free at the next, after the burst.
 * Returns the function that ends it.
 */
export function keepReturningMemory({
  residentBytes = () => process.memoryUsage.rss(),
  giveBack = returnUnusedMemory,
  checkMs = CHECK_MS,
} = {}): () => void {
  let [smallest, isBusy] = [residentBytes(), false];
  const timer = setInterval(() => {
    const resident = residentBytes();
    smallest = Math.min(smallest, resident);
    if (isBusy || resident < smallest + MIN_GROWTH_BYTES) return;
    isBusy = true;
    void giveBack()
      // Without it the server is large, and serves all the same.
      .catch(() => undefined)
      .finally(() => {
        isBusy = false;
      });
  }, checkMs);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}
