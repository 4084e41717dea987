import { availableParallelism } from 'node:os';

import type { PreparedPicture } from '../data/imaging/prepare.js';
import { HttpError } from './http-errors.js';
import type { PictureTask } from './picture-child.js';
import { PictureProcess } from './picture-process.js';

/** What pictures may cost. */
export interface PictureLimits {
  /** A picture with more pixels is refused before it is decoded. */
  maxPixels: number;
  /** How long a picture may wait for its turn, in milliseconds. */
  waitMs: number;
  /** How long decoding may take, in milliseconds. */
  decodeMs?: number;
}

/** A photo of 16 million pixels takes less than a second. */
const DECODE_MS = 5000;
/** Pictures that may wait, and the bytes that they may hold together. */
const MAX_WAITING = 64;
const MAX_WAITING_BYTES = 64 * 2 ** 20;
/** Processes that were not needed for so long end. */
const IDLE_MS = 60_000;

interface Waiting {
  begin: () => void;
}

/**
 * Decodes and prepares pictures in processes of its own: a decoder may take seconds, hundreds of megabytes or crash, and requests
 * beside it must not notice.
 */
export class PicturePool {
  readonly #limits: Required<PictureLimits>;
  readonly #most = mostProcesses();
  readonly #idle = new Map<PictureProcess, NodeJS.Timeout>();
  readonly #busy = new Set<PictureProcess>();
  readonly #waiting = new Set<Waiting>();
  #waitingBytes = 0;
  #running = 0;
  #isClosed = false;

  constructor(limits: PictureLimits) {
    this.#limits = { decodeMs: DECODE_MS, ...limits };
  }

  /**
   * Prepares a picture. Throws UNPROCESSABLE where it cannot be decoded within the limits, OVERLOADED where too many wait, and
   * DEADLINE_EXCEEDED where its turn does not come in time.
   */
  async prepare(task: Omit<PictureTask, 'maxPixels'>): Promise<PreparedPicture> {
    await this.#turn(task.bytes.length);
    if (this.#isClosed) {
      this.#passTurn();
      throw new HttpError('STOPPING');
    }
    const decoder = this.#takeProcess();
    try {
      const { maxPixels, decodeMs } = this.#limits;
      return await decoder.prepare({ ...task, maxPixels }, decodeMs);
    } finally {
      this.#giveBack(decoder);
      this.#passTurn();
    }
  }

  /** Ends the processes, and what they still decode. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#idle.values()) clearTimeout(timer);
    for (const process of [...this.#idle.keys(), ...this.#busy]) process.kill();
    this.#idle.clear();
  }

  /** Waits until fewer pictures than may be are decoded. */
  async #turn(size: number): Promise<void> {
    if (this.#running >= this.#most) {
      if (this.#waiting.size >= MAX_WAITING || this.#waitingBytes + size > MAX_WAITING_BYTES) {
        throw new HttpError('OVERLOADED');
      }
      await this.#queue(size);
    } else this.#running++;
  }

  /** Gives one's turn to whoever waits longest. */
  #passTurn(): void {
    const [next] = this.#waiting;
    if (!next) this.#running--;
    else {
      this.#waiting.delete(next);
      next.begin();
    }
  }

  async #queue(size: number): Promise<void> {
    this.#waitingBytes += size;
    let timer: NodeJS.Timeout | undefined;
    const entry: Waiting = { begin: () => undefined };
    try {
      await new Promise<void>((resolve, reject) => {
        entry.begin = resolve;
        this.#waiting.add(entry);
        timer = setTimeout(reject, this.#limits.waitMs, new HttpError('DEADLINE_EXCEEDED'));
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(entry);
      this.#waitingBytes -= size;
    }
  }

  #takeProcess(): PictureProcess {
    const found = [...this.#idle].find(([process]) => process.isAlive);
    const process = found?.[0] ?? new PictureProcess();
    if (found) clearTimeout(found[1]);
    this.#idle.delete(process);
    this.#busy.add(process);
    return process;
  }

  #giveBack(process: PictureProcess): void {
    this.#busy.delete(process);
    if (!process.isAlive) return;
    const end = (): void => {
      this.#idle.delete(process);
      process.kill();
    };
    this.#idle.set(process, setTimeout(end, IDLE_MS).unref());
  }
}

/** Two, where that leaves a core to whoever answers requests, and a container's memory to the model. */
function mostProcesses(): number {
  const isSmall = process.constrainedMemory() > 0 && process.constrainedMemory() < 2 * 2 ** 30;
  return isSmall || availableParallelism() < 3 ? 1 : 2;
}
