/** The thread of a worker process that gives signs of life: its main thread may be busy for long. Its file is never imported. */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

import { systemCodeOf } from '../../../core/errors.js';
import { BEAT_MS } from '../../../engine/mpi/heartbeat.js';
import type { BeatTask } from './signs-of-life.js';

const { pipe } = workerData as BeatTask;

const timer = setInterval(beat, BEAT_MS);
beat();

function beat(): void {
  try {
    writeSync(pipe, '.');
  } catch (error) {
    // A full pipe is that of a launcher which is itself stopped; one that is closed is that of a launcher which is gone.
    if (systemCodeOf(error) !== 'EAGAIN') clearInterval(timer);
  }
}
