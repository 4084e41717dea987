import { ToolkitError } from '../../core/errors.js';
import { isInterruption, type Interruption } from '../../core/interruption.js';
import type { WorkerGroup } from './worker-group.js';

/** Why a worker wishes to stop: it is interrupted, or pauses to save a checkpoint. */
export type StopWish = Interruption | 'PAUSE' | null;

/** What a signal asks for. */
export function wishOf({ aborted, reason }: AbortSignal): StopWish {
  if (!aborted) return null;
  if (reason instanceof DOMException && reason.name === 'TimeoutError') return 'PAUSE';
  return isInterruption(reason) ? reason.code : 'INTERRUPTED';
}

/** The first interruption among the wishes of all workers, which stops this one as it stops the others; undefined where there is none. */
export function agreedInterruption(
  group: WorkerGroup,
  wishes: readonly StopWish[],
): ToolkitError | undefined {
  const interruption = wishes.find((wish) => wish !== null && wish !== 'PAUSE');
  if (!interruption) return undefined;
  const error = new ToolkitError(interruption, { hint: 'run the same command again' });
  group.stop(error);
  return error;
}
