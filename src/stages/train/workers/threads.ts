import { availableParallelism, hostname } from 'node:os';

import type { WorkerGroup } from '../../../engine/distributed/worker-group.js';

/** The threads of each worker where no option says how many: those on a machine divide its cores among them. */
export async function threadsOfWorker(group: WorkerGroup): Promise<number> {
  const hosts = await group.share(hostname());
  const here = hosts.filter((host) => host === hosts[group.rank]).length;
  return Math.max(1, Math.floor(availableParallelism() / here));
}
