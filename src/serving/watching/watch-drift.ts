import { messageOf } from '../../core/errors.js';
import type { ClassificationService } from '../service.js';
import { referenceFor } from './reference-for.js';

/**
 * Has the monitor compare requests with the training data of the production version; returns what to call when another version may
 * have taken its place.
 *
 * @param onProblem receives why drift is not measured for a version
 */
export function driftWatcher(
  { versions, monitor }: ClassificationService,
  dataDir: string,
  onProblem: (reason: string) => void,
): () => Promise<void> {
  let compared: string | undefined;
  const compare = async (version: string): Promise<string | undefined> => {
    const lease = versions.acquire(version);
    try {
      const { path } = await versions.checkpointOf(version);
      const reference = await referenceFor(lease, path, dataDir);
      if (typeof reference === 'string') return reference;
      monitor.compareWith(reference);
      return undefined;
    } catch (error) {
      return messageOf(error);
    } finally {
      lease.release();
    }
  };
  return async () => {
    const version = versions.roles.get('production');
    if (version === undefined || version === compared) return;
    compared = version;
    const problem = await compare(version);
    if (problem === undefined) return;
    monitor.compareWith(undefined);
    onProblem(problem);
  };
}
