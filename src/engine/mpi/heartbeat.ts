import type { JoinRecord } from './join-limit.js';

/** How often workers tell each other that they live, in milliseconds. */
export const BEAT_MS = 500;
/** How long a worker may be silent: it is then taken for stopped, cut off or dead. */
export const SILENCE_MS = 3500;
/** How long this process may take to end once it knows that a worker is lost; then the thread ends it. */
export const GRACE_MS = 900;
/** What the heartbeat's thread and the main thread share: 32-bit numbers, by their place. */
export const SharedAt = {
  /** The rank of a lost worker plus 1; 0 while all are there. */
  LOST: 0,
  /** What the main thread does, as one of `Stage`. */
  STAGE: 1,
} as const;

/** What the main thread does, which says what the heartbeat's thread is to do. */
export const Stage = {
  /** It waits in MPI for all workers; the thread ends the process where that takes too long. */
  JOINING: 0,
  /** The thread beats: it has got its task. */
  WORKING: 1,
  /** The thread says goodbye, and waits for that of the others. */
  LEAVING: 2,
  /** The main thread waits in MPI until all have left; the thread ends the process where that takes too long. */
  FINALIZING: 3,
  /** The thread ends. */
  OVER: 4,
} as const;

/** The memory that the threads share. */
export function sharedState(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(4 * Object.keys(SharedAt).length));
}

/** What the thread is started with. */
export interface HeartbeatStart {
  /** The MPI library. */
  readonly library: string;
  /** See `sharedState`. */
  readonly shared: SharedArrayBuffer;
  /** The number of workers that the launcher has announced. */
  readonly size: number;
  /** Whether the launcher itself watches for workers that are stopped. */
  readonly isLauncherWatching: boolean;
  /** How long the others may take to join, in milliseconds. */
  readonly joinMs: number;
  /** What that was taken from; it is forgotten where the time was too short. */
  readonly joinRecord: JoinRecord | undefined;
}

/** What the thread beats with, once this process has joined. */
export interface HeartbeatTask {
  /** A communicator that only the thread uses. */
  readonly communicator: bigint;
  readonly rank: number;
  readonly size: number;
}

/** What a message says. */
export const Beat = { ALIVE: 1, GOODBYE: 2 } as const;

/** The workers that a worker listens to: the first one to all, the others to the first. */
export function peersOf(rank: number, size: number): number[] {
  return rank === 0 ? Array.from({ length: size - 1 }, (_, index) => index + 1) : [0];
}

/**
 * Which peers are silent for too long. MPI itself does not notice a peer that is stopped or cut off: it waits for ever.
 *
 * @param now in milliseconds, of a clock that does not jump
 * @param limit how long a peer may be silent
 */
export class Silence {
  readonly #heard = new Map<number, number>();
  readonly #limit: number;
  #checkedAt: number;

  constructor(peers: readonly number[], now: number, limit = SILENCE_MS) {
    this.#limit = limit;
    for (const peer of peers) this.#heard.set(peer, now);
    this.#checkedAt = now;
  }

  heard(peer: number, now: number): void {
    if (this.#heard.has(peer)) this.#heard.set(peer, now);
  }

  /** A peer that has said goodbye need not speak any more. */
  left(peer: number): void {
    this.#heard.delete(peer);
  }

  /** Whether all have said goodbye. */
  get isOver(): boolean {
    return this.#heard.size === 0;
  }

  /** A peer that is lost; undefined if there is none. After this process itself was stopped, all get their time anew. */
  lost(now: number): number | undefined {
    const wasStopped = now - this.#checkedAt > this.#limit / 2;
    this.#checkedAt = now;
    if (wasStopped) for (const peer of this.#heard.keys()) this.#heard.set(peer, now);
    for (const [peer, at] of this.#heard) if (now - at > this.#limit) return peer;
    return undefined;
  }
}
