import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import { messageOf } from '../../core/errors.js';
import { shortened } from '../../core/format.js';
import { packageFolder } from '../../core/package-folder.js';
import type { SessionOutput, SessionReply, SessionRequest, SessionSetup } from './session-worker.js';

export type { SessionOutput, SessionRequest } from './session-worker.js';

/** The compiled worker, for Node.js 20 loads no TypeScript. */
const WORKER = fileURLToPath(new URL('dist/engine/onnx-runtime/session-worker.js', packageFolder));
const PAGE_BYTES = 65_536;

/** What a model may take. */
export interface SessionLimits {
  /** The most memory of a model, in bytes. */
  memory: number;
  /** The most time to load it, in milliseconds. */
  loadMs: number;
  /** The most time to compute once, in milliseconds. */
  runMs: number;
}

/** ONNX Runtime, compiled once for all threads. */
export type LoadedRuntime = Pick<SessionSetup, 'entry' | 'module'>;

/** Why ONNX Runtime cannot load or compute a model, for a message. */
export class SessionError extends Error {}

/** A model in ONNX Runtime, in a thread of its own that is ended when it takes too long. */
export class OnnxSession {
  readonly #worker: Worker;
  readonly #limits: SessionLimits;
  #end: string | undefined;
  /** Called with the next answer. */
  #waiting: ((reply: SessionReply) => void) | undefined;

  private constructor(setup: SessionSetup, limits: SessionLimits) {
    this.#limits = limits;
    this.#worker = new Worker(WORKER, {
      workerData: setup,
      transferList: [setup.model.buffer as ArrayBuffer],
      // ONNX Runtime writes warnings to the console.
      stdout: true,
      stderr: true,
    });
    // A thread that waits for work keeps no program from ending.
    this.#worker.unref();
    this.#worker.on('message', (reply: SessionReply) => this.#waiting?.(reply));
    this.#worker.on('error', (error) => {
      this.close(messageOf(error));
    });
    this.#worker.on('exit', () => {
      this.close('its thread ended');
    });
  }

  /**
   * Loads a model. Throws SessionError, and the signal's reason when aborted.
   *
   * @param runtime where ONNX Runtime is
   */
  static async open(
    { entry, module }: LoadedRuntime,
    model: Uint8Array,
    limits: SessionLimits,
    signal?: AbortSignal,
  ): Promise<OnnxSession> {
    const pages = Math.floor(limits.memory / PAGE_BYTES);
    // A copy, which is moved to the thread.
    const session = new OnnxSession({ entry, module, model: Uint8Array.from(model), pages }, limits);
    try {
      await session.#answer(limits.loadMs, signal);
      return session;
    } catch (error) {
      // Its thread would wait for work that never comes, with the memory of the model.
      session.close();
      throw error;
    }
  }

  /** Whether it can still compute: not after an error of its thread, and not after it took too long. */
  get isOpen(): boolean {
    return this.#end === undefined;
  }

  /** Computes an output, one request at a time. Throws SessionError, and the signal's reason when aborted. */
  async run(request: SessionRequest, signal?: AbortSignal): Promise<SessionOutput> {
    if (this.#waiting) throw new Error('the session is computing already');
    const { values } = request.input;
    if (this.isOpen) this.#worker.postMessage(request, [values.buffer as ArrayBuffer]);
    return (await this.#answer(this.#limits.runMs, signal))!;
  }

  /** Ends the thread at once; who waits for an answer gets an error. */
  close(reason = 'it was closed'): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    this.#waiting?.({ reason });
    void this.#worker.terminate();
  }

  async #answer(limitMs: number, signal: AbortSignal | undefined): Promise<SessionOutput | null> {
    const stop = (): void => {
      this.close('interrupted');
    };
    signal?.throwIfAborted();
    const timer = setTimeout(() => {
      this.close(`it takes longer than ${limitMs / 1000} s`);
    }, limitMs);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const reply = await new Promise<SessionReply>((resolve) => {
        if (this.#end === undefined) this.#waiting = resolve;
        else resolve({ reason: this.#end });
      });
      signal?.throwIfAborted();
      if ('output' in reply) return reply.output;
      throw new SessionError(inBrief(reply.reason));
    } finally {
      clearTimeout(timer);
      this.#waiting = undefined;
      signal?.removeEventListener('abort', stop);
    }
  }
}

/** ONNX Runtime's message without its codes and the places in its own source. */
function inBrief(message: string): string {
  const told = message.replace(/^.*ERROR_MESSAGE: /s, '').replace(/^\/\S+:\d+ .*? (?=[A-Z])/, '');
  return shortened(told.replaceAll(/\s+/g, ' ').trim(), 300);
}
