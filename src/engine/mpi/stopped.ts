import { isStopped } from '../../core/processes.js';
import { BEAT_MS, SILENCE_MS } from './heartbeat.js';

/**
 * Finds processes of this machine that are stopped (SIGSTOP) for too long. The system says so from a process's first moment on, where signs of
 * life would begin only once it has loaded a program. What watches and was itself stopped gives all their time anew.
 */
export class StoppedProcesses {
  readonly #since = new Map<number, number>();
  #checkedAt: number;

  /** @param now in milliseconds, of a clock that does not jump */
  constructor(now: number) {
    this.#checkedAt = now;
  }

  /** The ID of a process that has been stopped for as long as a worker may be silent; to be asked every `BEAT_MS`. */
  find(processes: readonly number[], now: number): number | undefined {
    if (now - this.#checkedAt > SILENCE_MS / 2) this.#since.clear();
    this.#checkedAt = now;
    for (const id of processes) {
      if (!isStopped(id)) this.#since.delete(id);
      else if (!this.#since.has(id)) this.#since.set(id, now);
    }
    return processes.find((id) => now - (this.#since.get(id) ?? now) >= SILENCE_MS);
  }
}

/**
 * Watches processes that this one has started: one that is stopped answers nobody, and does not end.
 *
 * @param onStopped called with the place of one that has been stopped for as long as a worker may be silent
 * @returns ends the watch
 */
export function watchForStopped(
  processes: readonly { pid?: number | undefined }[],
  onStopped: (place: number) => void,
): () => void {
  const stopped = new StoppedProcesses(performance.now());
  const timer = setInterval(() => {
    const ids = processes.flatMap(({ pid }) => pid ?? []);
    const found = stopped.find(ids, performance.now());
    if (found !== undefined) onStopped(processes.findIndex(({ pid }) => pid === found));
  }, BEAT_MS);
  return () => {
    clearInterval(timer);
  };
}
