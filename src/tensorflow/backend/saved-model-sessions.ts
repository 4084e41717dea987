import type { EagerContext } from '../c-api/eager-context.js';
import { Session } from '../c-api/session.js';
import { ToolkitError } from '../../core/errors.js';

/** The loaded SavedModels: a session each, with an id. They run on eager tensors. */
export class SavedModelSessions {
  readonly #context: EagerContext;
  readonly #sessions = new Map<number, Session>();
  #nextId = 0;

  constructor(context: EagerContext) {
    this.#context = context;
  }

  get count(): number {
    return this.#sessions.size;
  }

  /** Throws TENSORFLOW_FAILED or OUT_OF_MEMORY. */
  load(folder: string, tags: readonly string[]): number {
    const { api, config } = this.#context;
    const session = new Session(api, config, folder, tags);
    const id = this.#nextId++;
    this.#sessions.set(id, session);
    return id;
  }

  delete(id: number): void {
    this.session(id).close();
    this.#sessions.delete(id);
  }

  /** A loaded model. Throws TENSORFLOW_FAILED where it is not loaded. */
  session(id: number): Session {
    const session = this.#sessions.get(id);
    if (session) return session;
    throw new ToolkitError('TENSORFLOW_FAILED', {
      operation: `the SavedModel ${id}`,
      reason: 'it is not loaded',
    });
  }
}
