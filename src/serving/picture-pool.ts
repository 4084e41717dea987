import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

import { Tinypool } from 'tinypool';

import type { PreparationTask } from '../data/imaging/prepare-worker.js';
import { preparePicture, type PreparedPicture } from '../data/imaging/prepare.js';
import { HttpError } from './http-errors.js';

/** A picture of fewer pixels is prepared in less than a millisecond: faster than handing it to a thread. */
const SMALL_PIXELS = 64 * 64;
/** Pictures that may wait, of up to 1 MiB each. */
const MAX_WAITING = 64;
/** The compiled worker, for threads load no TypeScript. */
const WORKER = fileURLToPath(new URL('../../dist/data/imaging/prepare-worker.js', import.meta.url));

/** Prepares pictures in threads of its own: a large one would keep every other request waiting for some 20 ms. */
export class PicturePool {
  #pool: Tinypool | undefined;

  /** Prepares a picture. Throws OVERLOADED where too many wait. */
  async prepare(task: PreparationTask): Promise<PreparedPicture> {
    const { width, height, rgba } = task.picture;
    if (width * height <= SMALL_PIXELS) return preparePicture(task.picture, task.shape, task.preparation);
    // Threads are started when the first picture needs one.
    this.#pool ??= new Tinypool({
      filename: WORKER,
      minThreads: 1,
      maxThreads: Math.max(1, availableParallelism() - 1),
      idleTimeout: 10_000,
      execArgv: [],
    });
    if (this.#pool.queueSize >= MAX_WAITING) throw new HttpError('OVERLOADED');
    return (await this.#pool.run(task, {
      transferList: [rgba.buffer as ArrayBuffer],
    })) as PreparedPicture;
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await this.#pool?.destroy();
  }
}
