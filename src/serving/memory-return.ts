import { returnUnusedMemory } from '../tensorflow/c-api/unused-memory.js';

const CHECK_MS = 5_000;
/** Growth that is worth a look at all free blocks. */
const MIN_GROWTH_BYTES = 16 << 20;

/**
 * Returns freed memory to the operating system while a server runs, whenever the process has grown noticeably since the last time, so
 * that a burst of large requests does not leave it large. Returns the function that ends it.
 */
export function keepReturningMemory({
  residentBytes = () => process.memoryUsage.rss(),
  giveBack = returnUnusedMemory,
  checkMs = CHECK_MS,
} = {}): () => void {
  let [floor, isBusy] = [0, false];
  const timer = setInterval(() => {
    floor = Math.min(floor, residentBytes());
    if (isBusy || residentBytes() < floor + MIN_GROWTH_BYTES) return;
    isBusy = true;
    void giveBack()
      // Without it the server is large, and serves all the same.
      .catch(() => undefined)
      .finally(() => {
        isBusy = false;
        floor = residentBytes();
      });
  }, checkMs);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}
