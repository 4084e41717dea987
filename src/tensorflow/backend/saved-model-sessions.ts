import type { Address, Pointer } from '../c-api/c-api.js';
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
    this.#session(id).close();
    this.#sessions.delete(id);
  }

  /**
   * Runs a session with eager tensors and returns new ones, which the caller must delete. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY.
   *
   * @param inputNames the graph node of each input
   */
  run(
    id: number,
    inputs: readonly Address[],
    inputNames: readonly string[],
    outputNames: readonly string[],
  ): Address[] {
    return runOnHandles(this.#context, this.#session(id), inputs, inputNames, outputNames);
  }

  #session(id: number): Session {
    const session = this.#sessions.get(id);
    if (session) return session;
    throw new ToolkitError('TENSORFLOW_FAILED', {
      operation: `the SavedModel ${id}`,
      reason: 'it is not loaded',
    });
  }
}

/**
 * Runs a session at once with eager tensors, whose memory it shares, and returns new ones, which the caller must delete. Throws
 * TENSORFLOW_FAILED or OUT_OF_MEMORY.
 *
 * @param inputNames the graph node of each input
 */
export function runOnHandles(
  context: EagerContext,
  session: Session,
  inputs: readonly Address[],
  inputNames: readonly string[],
  outputNames: readonly string[],
): Address[] {
  const tensors: Pointer[] = [];
  const handles: Address[] = [];
  const { api } = context;
  try {
    for (const input of inputs) tensors.push(resolve(context, input));
    const feeds = inputNames.map((name, index) => [name, tensors[index]!] as const);
    const results = session.runTensors(feeds, outputNames);
    tensors.push(...results);
    for (const result of results) handles.push(handleOf(context, result));
    return handles;
  } catch (error) {
    for (const handle of handles) api.TFE_DeleteTensorHandle(handle);
    throw error;
  } finally {
    for (const tensor of tensors) api.TF_DeleteTensor(tensor);
  }
}

function resolve(context: EagerContext, handle: Address): Pointer {
  const { api, status } = context;
  const tensor = api.TFE_TensorHandleResolve(handle, status);
  context.check('reading a tensor');
  return tensor;
}

function handleOf(context: EagerContext, tensor: Pointer): Address {
  const { api, status } = context;
  const handle = api.TFE_NewTensorHandle(tensor, status);
  context.check('a new tensor');
  return handle;
}
