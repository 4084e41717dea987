import { concatenate } from '../core/numerics/concatenate.js';
import { HttpError } from './http-errors.js';
import { isFairShare } from './fair-share.js';
import type { Predictor } from './predictor.js';
import type { Turns } from './turns.js';

export interface BatcherOptions {
  /** How long the first image of a batch may wait for others, in milliseconds; 0 does not wait. */
  maxDelay: number;
  /** Images that may wait; more are refused. */
  maxQueue: number;
  /** What is shared with other models; left out, this one has everything for itself. */
  shared?: SharedLimits | undefined;
}

/** What several models share, so that a flood of requests for one leaves something to the others. */
export interface SharedLimits {
  /** How many images wait for the other models; a model may have half of the places that they leave. */
  queuedElsewhere(): number;
  /** The batches that are computed at a time, of all models. */
  turns: Turns;
}

/** A batch that was computed. */
export interface BatchReport {
  images: number;
  seconds: number;
}

interface Job {
  pixels: Uint8Array;
  count: number;
  /** When the answer is no longer wanted, on the clock of `performance.now()`. */
  deadline: number;
  resolve: (logits: Float32Array) => void;
  reject: (error: unknown) => void;
}

/** How often those whose deadline has passed are answered. */
const SWEEP_MS = 20;

/**
 * Puts images of several requests into one batch. While as many batches are computed as the predictor has lanes, the next
 * gathers: under load batches grow by themselves, and a lone request waits for nobody.
 */
export class Batcher {
  readonly #predictor: Predictor;
  readonly #options: BatcherOptions;
  readonly #report: (batch: BatchReport) => void;
  #queue: Job[] = [];
  #queuedImages = 0;
  /** Lanes that compute. */
  #running = 0;
  /** The start of the next batch, when it is agreed: at the end of this turn, or after the delay. */
  #start: { cancel: () => void; isDelayed: boolean } | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #idle: (() => void)[] = [];

  /** @param report called after every batch */
  constructor(
    predictor: Predictor,
    options: BatcherOptions,
    report: (batch: BatchReport) => void = () => undefined,
  ) {
    this.#predictor = predictor;
    this.#options = options;
    this.#report = report;
  }

  /** Images that wait. */
  get queued(): number {
    return this.#queuedImages;
  }

  /**
   * The logits of some images, which may be more than a batch holds: [count, classes].
   *
   * Throws the HttpErrors OVERLOADED (nothing was queued), DEADLINE_EXCEEDED and BODY_TOO_LARGE (more than can ever wait).
   */
  async classify(pixels: Uint8Array, count: number, deadline: number): Promise<Float32Array> {
    const { maxQueue } = this.#options;
    if (count > maxQueue)
      throw new HttpError('BODY_TOO_LARGE', `${count} images, and at most ${maxQueue} can wait`);
    if (!this.#hasRoomFor(count)) throw new HttpError('OVERLOADED');
    const { maxBatch } = this.#predictor;
    if (count <= maxBatch) return this.#enqueue(pixels, count, deadline);
    const size = pixels.length / count;
    const parts: Promise<Float32Array>[] = [];
    for (let start = 0; start < count; start += maxBatch) {
      const end = Math.min(count, start + maxBatch);
      parts.push(this.#enqueue(pixels.subarray(start * size, end * size), end - start, deadline));
    }
    return concatenate(await Promise.all(parts), Float32Array);
  }

  #hasRoomFor(count: number): boolean {
    const { maxQueue, shared } = this.#options;
    const wanted = this.#queuedImages + count;
    return shared ? isFairShare(wanted, shared.queuedElsewhere(), maxQueue) : wanted <= maxQueue;
  }

  /** Fulfilled when nothing waits and nothing is computed. */
  async drained(): Promise<void> {
    if (this.#running > 0 || this.#queue.length > 0) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
  }

  #enqueue(pixels: Uint8Array, count: number, deadline: number): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ pixels, count, deadline, resolve, reject });
      this.#queuedImages += count;
      this.#sweep ??= setInterval(() => {
        this.#rejectExpired();
      }, SWEEP_MS);
      this.#schedule();
    });
  }

  #schedule(): void {
    const { lanes, maxBatch } = this.#predictor;
    if (this.#running >= lanes) return;
    const isFull = this.#queuedImages >= maxBatch;
    if (this.#start && !(this.#start.isDelayed && isFull)) return;
    this.#start?.cancel();
    const start = (): void => {
      this.#start = undefined;
      while (this.#running < lanes && this.#queue.length > 0) void this.#runBatches();
    };
    const { maxDelay } = this.#options;
    // Even without a delay, requests that arrived in the same turn go together.
    if (maxDelay === 0 || isFull) {
      const immediate = setImmediate(start);
      this.#start = {
        cancel: () => {
          clearImmediate(immediate);
        },
        isDelayed: false,
      };
    } else {
      const timer = setTimeout(start, maxDelay);
      this.#start = {
        cancel: () => {
          clearTimeout(timer);
        },
        isDelayed: true,
      };
    }
  }

  /** Keeps one lane busy until nothing waits. */
  async #runBatches(): Promise<void> {
    this.#running++;
    const { shared } = this.#options;
    const runNext = (): Promise<void> => this.#runBatch(this.#take());
    while (this.#queue.length > 0) await (shared ? shared.turns.take(runNext) : runNext());
    if (--this.#running > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** The next jobs that fit into a batch, without those that are too late: a lane's share, where others have nothing to do. */
  #take(): Job[] {
    this.#rejectExpired();
    const { lanes, maxBatch } = this.#predictor;
    const share = Math.ceil(this.#queuedImages / (lanes - this.#running + 1));
    let images = 0;
    let jobs = 0;
    for (const { count } of this.#queue) {
      if (jobs > 0 && images + count > Math.min(share, maxBatch)) break;
      images += count;
      jobs++;
    }
    this.#queuedImages -= images;
    return this.#queue.splice(0, jobs);
  }

  async #runBatch(jobs: readonly Job[]): Promise<void> {
    const [first] = jobs;
    if (!first) return;
    const images = jobs.reduce((sum, { count }) => sum + count, 0);
    const started = performance.now();
    try {
      const pixels = jobs.map((job) => job.pixels);
      const logits = await this.#predictor.predict(
        jobs.length === 1 ? first.pixels : concatenate(pixels, Uint8Array),
        images,
      );
      const classes = logits.length / images;
      let row = 0;
      for (const { count, resolve } of jobs) {
        resolve(logits.subarray(row * classes, (row += count) * classes));
      }
    } catch (error) {
      for (const { reject } of jobs) reject(error);
    }
    this.#report({ images, seconds: (performance.now() - started) / 1000 });
  }

  #rejectExpired(): void {
    const now = performance.now();
    if (!this.#queue.some(({ deadline }) => deadline <= now)) return;
    const waiting: Job[] = [];
    for (const job of this.#queue) {
      if (job.deadline > now) waiting.push(job);
      else {
        this.#queuedImages -= job.count;
        job.reject(new HttpError('DEADLINE_EXCEEDED'));
      }
    }
    this.#queue = waiting;
  }
}
