import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';

import { koffi } from '../../tensorflow/c-api/ffi.js';

/** How long it is asked again and again, in milliseconds: messages of workers that are in step are there by then. */
const SPIN_MS = 0.1;
/** How many times in a row it is asked, before another thread may run. */
const TRIES = 32;
/** How long is waited before signals and timers of this process get a turn, in milliseconds; then they get one each time. */
const BUSY_MS = 2;
/** From here on the event loop waits, in milliseconds. */
const PATIENT_MS = 50;

/** A nap is a part of what has been waited, so that it makes a wait longer by no more than that. */
const NAP_SHARE = 1 / 16;
/** The shortest and the longest nap, in microseconds. */
const [SHORTEST_NAP, LONGEST_NAP] = [20, 200];
const US_PER_MS = 1000;

/** Linux's prctl: how much later than asked a thread may be woken up, in nanoseconds. */
const PR_SET_TIMERSLACK = 29;
const SLACK_NS = 1000;

/**
 * Waits for other processes. MPI has to be asked whether a message is there; whoever asks all the time takes the processor from a worker that
 * computes, where there are fewer cores than workers. So it naps, after a short while.
 */
export class Patience {
  readonly #yield: () => number;
  readonly #sleep: (microseconds: number) => number;

  constructor() {
    const libc = koffi.load('libc.so.6');
    this.#yield = libc.func('int sched_yield()') as () => number;
    this.#sleep = libc.func('int usleep(uint32_t)') as (microseconds: number) => number;
    const prctl = libc.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)');
    // Otherwise naps are 50 µs longer. Where the kernel has no such thing, they are.
    prctl(PR_SET_TIMERSLACK, SLACK_NS, 0, 0, 0);
  }

  /**
   * Resolves when something is so.
   *
   * @param check is called between turns of the event loop, and throws where waiting is in vain
   */
  async until(isOver: () => boolean, check: () => void): Promise<void> {
    const startedAt = performance.now();
    for (let tries = 1; !isOver(); tries++) {
      const waited = performance.now() - startedAt;
      if (waited < SPIN_MS) {
        if (tries % TRIES === 0) this.#yield();
        continue;
      }
      if (waited < PATIENT_MS) this.#sleep(napOf(waited));
      if (waited < BUSY_MS) continue;
      check();
      await (waited < PATIENT_MS ? nextTurn() : pause(1));
    }
  }
}

/** How long to nap after having waited for so many milliseconds, in microseconds. */
function napOf(waited: number): number {
  return Math.round(Math.min(LONGEST_NAP, Math.max(SHORTEST_NAP, waited * US_PER_MS * NAP_SHARE)));
}
