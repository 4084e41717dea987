import type { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';

import { packageFolder } from '../../../core/package-folder.js';
import { BEAT_MS, Silence, SILENCE_MS } from '../../../engine/mpi/heartbeat.js';
import type { Child } from './child.js';

/** The compiled program of the thread. */
const BEATS = new URL('dist/stages/train/workers/beat-thread.js', packageFolder);
/** Where a worker's pipe for signs of life is: after its standard streams. */
const BEAT_FD = 3;
/** How long a worker may take to its first sign of life, in milliseconds: a busy machine loads programs slowly. */
const START_MS = 60_000;

/** What the thread is started with. */
export interface BeatTask {
  readonly pipe: number;
}

/** Gives signs of life to the launcher of this process until it ends: from a thread, as the main one may be busy for long. */
export function giveSignsOfLife(): void {
  const task: BeatTask = { pipe: BEAT_FD };
  new Worker(BEATS, { workerData: task }).unref();
}

/**
 * Ends a worker that gives no sign of life any more, such as one that was stopped (SIGSTOP).
 *
 * @param child one that has a pipe beside its standard streams, and calls `giveSignsOfLife`
 * @param silenceMs how long it may be silent
 */
export function requireSignsOfLife<Message extends object>(
  child: Child<Message>,
  silenceMs = SILENCE_MS,
): void {
  const pipe = child.process.stdio[BEAT_FD] as Readable;
  const started = performance.now();
  let silence: Silence | undefined;
  pipe
    .on('error', () => undefined)
    .on('data', () => {
      const now = performance.now();
      silence ??= new Silence([0], now, silenceMs);
      silence.heard(0, now);
    });
  const timer = setInterval(
    () => {
      const now = performance.now();
      const isSilent = silence ? silence.lost(now) !== undefined : now - started > START_MS;
      if (!isSilent) return;
      const seconds = (silence ? silenceMs : START_MS) / 1000;
      child.giveUp(`it gave no sign of life for ${seconds} ${seconds === 1 ? 'second' : 'seconds'}`);
    },
    Math.min(BEAT_MS, silenceMs / 4),
  );
  void child.end.then(() => {
    clearInterval(timer);
  });
}
