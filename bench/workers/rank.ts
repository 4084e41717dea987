// A rank of the benchmarks of workers, which mpiexec starts: node bench/build/rank.js MPI-LIBRARY FOLDER TASK
// The task is JSON; each rank writes FOLDER/RANK.json, and FOLDER/RANK.bin where there are weights.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { silentContext } from '../../src/core/events.js';
import { startBackend } from '../../src/engine/backends/start.js';
import { joinMpi } from '../../src/engine/mpi/join.js';
import { launchedPlace } from '../../src/engine/mpi/launched.js';
import { measureSums } from './scaling/sums-task.js';
import type { RankTask } from './ranks.js';
import { trainShare } from './training-task.js';

const [library = '', folder = '', text = ''] = process.argv.slice(2);
const place = launchedPlace(process.env);
if (!place) throw new Error('a rank is started by mpiexec');
const task = JSON.parse(text) as RankTask;
const job = await joinMpi(library, place.size);
try {
  const write = (name: string, data: string | Uint8Array): Promise<void> =>
    writeFile(join(folder, `${place.rank}.${name}`), data);
  if (task.kind === 'train') {
    const request = { device: 'cpu', threads: 1, runtime: undefined, environment: process.env } as const;
    await startBackend('tensorflow', request, silentContext());
    const { weights, ...rest } = await trainShare(task, job.group);
    await write('bin', new Uint8Array(weights.buffer));
    await write('json', JSON.stringify(rest));
  } else {
    await write('json', JSON.stringify(await measureSums(task, job.group)));
  }
  await job.leave();
  process.exit(0);
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  job.abort(1);
}
