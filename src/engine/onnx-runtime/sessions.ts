import {
  OnnxSession,
  type LoadedRuntime,
  type SessionLimits,
  type SessionOutput,
  type SessionRequest,
} from './session.js';

/** A model in as many threads as are asked at a time. */
export class OnnxSessions {
  readonly #runtime: LoadedRuntime;
  readonly #model: Uint8Array;
  readonly #limits: SessionLimits;
  readonly #idle: OnnxSession[] = [];
  #isClosed = false;

  constructor(runtime: LoadedRuntime, model: Uint8Array, limits: SessionLimits) {
    this.#runtime = runtime;
    this.#model = model;
    this.#limits = limits;
  }

  /**
   * Computes an output in a thread that is idle, or else in a new one; one that has failed is not used again. Throws SessionError, and
   * the signal's reason when aborted.
   */
  async run(request: SessionRequest, signal?: AbortSignal): Promise<SessionOutput> {
    if (this.#isClosed) throw new Error('the model is closed');
    const session =
      this.#idle.pop() ?? (await OnnxSession.open(this.#runtime, this.#model, this.#limits, signal));
    try {
      return await session.run(request, signal);
    } finally {
      this.#release(session);
    }
  }

  #release(session: OnnxSession): void {
    if (this.#isClosed) session.close();
    else if (session.isOpen) this.#idle.push(session);
  }

  /** Ends all threads; what is under way ends first. */
  close(): void {
    this.#isClosed = true;
    for (const session of this.#idle.splice(0)) session.close();
  }
}
