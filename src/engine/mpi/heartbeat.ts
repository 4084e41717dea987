/** How often workers tell each other that they live, in milliseconds. */
export const BEAT_MS = 500;
/** How long a worker may be silent: it is then taken for stopped, cut off or dead. */
export const SILENCE_MS = 4000;
/** How long this process may take to end once it knows that a worker is lost; then the thread ends it. */
export const GRACE_MS = 3000;

/** What the heartbeat's thread and the main thread share: 32-bit numbers, by their place. */
export const SharedAt = {
  /** The rank of a lost worker plus 1; 0 while all are there. */
  LOST: 0,
  /** 1 when the thread is to say goodbye and end. */
  LEAVING: 1,
} as const;

/** What the thread is started with. */
export interface HeartbeatTask {
  /** The MPI library. */
  readonly library: string;
  /** A communicator that only the thread uses. */
  readonly communicator: bigint;
  readonly rank: number;
  readonly size: number;
  readonly shared: SharedArrayBuffer;
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
