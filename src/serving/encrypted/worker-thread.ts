import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import { packageFolder } from '../../core/package-folder.js';
import { HttpError } from '../http-errors.js';
import type { WorkerFolders, WorkerReply, WorkerTask } from './worker.js';

/** The compiled thread, for Node.js 22 loads no TypeScript. */
const WORKER = fileURLToPath(new URL('dist/serving/encrypted/worker.js', packageFolder));

type Outcome = WorkerReply | { kind: 'ended'; reason: string };

/** A thread that computes with encrypted images, one task at a time, and is ended where one takes too long. */
export class EncryptedWorker {
  readonly #worker: Worker;
  #isOver = false;
  #listener: ((outcome: Outcome) => void) | undefined;

  private constructor(folders: WorkerFolders) {
    this.#worker = new Worker(WORKER, { workerData: folders, stdout: true, stderr: true });
    this.#worker.on('message', (reply: WorkerReply) => this.#listener?.(reply));
    this.#worker.on('error', (error) => {
      this.#end(error.message);
    });
    this.#worker.on('exit', () => {
      this.#end('the thread ended');
    });
  }

  /** Starts a thread, and waits until it has loaded the model. Throws an Error. */
  static async start(folders: WorkerFolders): Promise<EncryptedWorker> {
    const worker = new EncryptedWorker(folders);
    const outcome = await worker.#next();
    if (outcome.kind === 'ready') {
      // The server keeps the process alive, not this thread: a server that could not listen must end.
      worker.#worker.unref();
      return worker;
    }
    throw new Error(
      `encrypted inference did not start: ${'reason' in outcome ? outcome.reason : outcome.kind}`,
    );
  }

  /** Whether it can take another task. */
  get isAlive(): boolean {
    return !this.#isOver;
  }

  /** Performs a task. Throws UNPROCESSABLE where it is refused, and DEADLINE_EXCEEDED, which ends the thread. */
  async perform(task: WorkerTask, limitMs: number): Promise<Uint8Array | undefined> {
    if (this.#isOver) throw new Error('the thread for encrypted inference has ended');
    const next = this.#next();
    const late = new AbortController();
    const timer = setTimeout(() => {
      late.abort();
      void this.stop();
    }, limitMs);
    try {
      this.#worker.postMessage(task);
      const outcome = await next;
      if (outcome.kind === 'done') return outcome.answer;
      if (outcome.kind === 'refused') throw new HttpError('UNPROCESSABLE', outcome.reason);
      if (late.signal.aborted)
        throw new HttpError('DEADLINE_EXCEEDED', `it takes longer than ${limitMs / 1000} s`);
      throw new Error('reason' in outcome ? outcome.reason : 'the thread began anew within a task');
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it at once, also within a task. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#worker.terminate();
  }

  #end(reason: string): void {
    this.#isOver = true;
    this.#listener?.({ kind: 'ended', reason });
  }

  #next(): Promise<Outcome> {
    return new Promise((resolve) => {
      this.#listener = (outcome) => {
        this.#listener = undefined;
        resolve(outcome);
      };
    });
  }
}
