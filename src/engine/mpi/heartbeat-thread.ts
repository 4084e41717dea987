/** The thread of a worker's heartbeat: the main thread is often busy in TensorFlow, or waits in MPI for others. */
import { writeSync } from 'node:fs';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';

import { Beats } from './beats.js';
import {
  BEAT_MS,
  GRACE_MS,
  SharedAt,
  SILENCE_MS,
  Stage,
  type HeartbeatStart,
  type HeartbeatTask,
} from './heartbeat.js';
import { forgetJoinTime } from './join-limit.js';
import { loadMpi } from './library.js';
import { neighbours } from './neighbours.js';
import { StoppedProcesses } from './stopped.js';

const STDERR = 2;
const { library, shared, size, isLauncherWatching, joinMs, joinRecord } = workerData as HeartbeatStart;
const state = new Int32Array(shared);

waitForAll();
const task = receiveMessageOnPort(parentPort!) as { message: HeartbeatTask } | undefined;
if (task) beat(task.message);

function beat(given: HeartbeatTask): void {
  const lost = new Beats(loadMpi(library), given, state).run();
  if (lost !== undefined) endAfterLoss(lost);
  parentPort!.postMessage('all have said goodbye');
  const isOver = isLeft(Stage.LEAVING, SILENCE_MS) && isLeft(Stage.FINALIZING, SILENCE_MS);
  if (!isOver) endProcess('a worker was stopped or cut off when all had done their work');
}

/** Waits until all workers have joined. Ends the process where one of this host is stopped, and where that takes too long. */
function waitForAll(): void {
  const stopped = new StoppedProcesses(performance.now());
  // In pieces: time in which this process was itself stopped does not count.
  for (let waited = 0; waited < joinMs; waited += BEAT_MS) {
    if (isLeft(Stage.JOINING, Math.min(BEAT_MS, joinMs - waited))) return;
    const found = isLauncherWatching ? undefined : stopped.find(neighbours(size), performance.now());
    if (found !== undefined) endProcess(`a worker on this host is stopped (process ${found})`);
  }
  if (joinRecord) forgetJoinTime(joinRecord);
  const next = joinRecord ? '; the next start waits for longer' : '';
  const seconds = (joinMs / 1000).toFixed(1);
  endProcess(`not all workers have started within ${seconds} s: one was stopped, is cut off or slow${next}`);
}

/** Waits until the main thread leaves a stage. Returns whether it does so in time. */
function isLeft(stage: number, milliseconds: number): boolean {
  return Atomics.wait(state, SharedAt.STAGE, stage, milliseconds) !== 'timed-out';
}

/** The main thread says so and ends; unless it is itself stuck, or waits for this thread. */
function endAfterLoss(lost: number): never {
  Atomics.store(state, SharedAt.LOST, lost + 1);
  isLeft(Stage.WORKING, GRACE_MS);
  endProcess(`worker ${lost} does not answer any more: it was stopped, cut off or killed`);
}

/** Ends the process while its main thread waits in MPI, or in TensorFlow. By a signal, which tells launchers to end the others too. */
function endProcess(reason: string): never {
  writeSync(STDERR, `error: ${reason}\n`);
  process.kill(process.pid, 'SIGKILL');
  throw new Error('this process goes on after its end');
}
