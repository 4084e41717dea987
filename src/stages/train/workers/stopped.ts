import { isStopped } from '../../../core/processes.js';
import { BEAT_MS, Silence } from '../../../engine/mpi/heartbeat.js';

/**
 * Watches the worker processes of this machine: one that is stopped while they start, or end, is not noticed by the others, who wait in MPI
 * for it.
 *
 * @param onStopped called with the place of one that has been stopped for as long as a worker may be silent
 * @returns ends the watch
 */
export function watchForStopped(
  processes: readonly { pid?: number | undefined }[],
  onStopped: (rank: number) => void,
): () => void {
  const silence = new Silence([...processes.keys()], performance.now());
  const timer = setInterval(() => {
    const now = performance.now();
    for (const [rank, { pid }] of processes.entries()) {
      if (pid === undefined || !isStopped(pid)) silence.heard(rank, now);
    }
    const stopped = silence.lost(now);
    if (stopped !== undefined) onStopped(stopped);
  }, BEAT_MS);
  return () => {
    clearInterval(timer);
  };
}
