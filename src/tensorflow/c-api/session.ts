import type { Pointer, TensorFlowApi } from './c-api.js';
import { DataType } from './data-types.js';
import { withoutDenormals } from '../denormals.js';
import { failureOf } from './failure.js';
import { encodeSessionConfig, type SessionConfig } from './session-config.js';
import { withoutSignals } from './signals.js';
import { newTensor, type HostTensor } from './tensors.js';

/** The feeds, fetches and targets of a run, by node name; `name:1` is a node's second output. */
export interface RunRequest {
  feeds?: Readonly<Record<string, HostTensor>>;
  fetches?: readonly string[];
  /** Nodes that are run for their side effects. */
  targets?: readonly string[];
}

type TypedArray = HostTensor['values'];

/**
 * A graph and its session. Variables keep their values between runs; runs execute on other threads. Every method throws
 * TENSORFLOW_FAILED if TensorFlow reports an error, or OUT_OF_MEMORY.
 */
export class Session {
  readonly #api: TensorFlowApi;
  readonly #graph: Pointer;
  readonly #session: Pointer;
  readonly #operations = new Map<string, Pointer>();
  #running = 0;
  #isClosed = false;

  /** @param savedModel the folder of a SavedModel whose `serve` graph is loaded; by default the graph is empty */
  constructor(
    api: TensorFlowApi,
    config: SessionConfig,
    savedModel?: string,
    tags: readonly string[] = ['serve'],
  ) {
    this.#api = api;
    this.#graph = api.TF_NewGraph();
    const options = api.TF_NewSessionOptions();
    try {
      const bytes = encodeSessionConfig(config);
      this.#call('the session configuration', (status) => {
        api.TF_SetConfig(options, bytes, bytes.length, status);
      });
      this.#session =
        savedModel === undefined
          ? this.#call('a new session', (status) =>
              withoutSignals(() => api.TF_NewSession(this.#graph, options, status)),
            )
          : this.#load(savedModel, tags, options);
    } finally {
      api.TF_DeleteSessionOptions(options);
    }
  }

  /** Adds the nodes of an encoded `GraphDef`: their names must be new, and their inputs among the added nodes. */
  extend(definition: Uint8Array): void {
    const api = this.#api;
    const buffer = api.TF_NewBufferFromString(definition, definition.length);
    const options = api.TF_NewImportGraphDefOptions();
    try {
      this.#call('a graph', (status) => {
        api.TF_GraphImportGraphDef(this.#graph, buffer, options, status);
      });
    } finally {
      api.TF_DeleteImportGraphDefOptions(options);
      api.TF_DeleteBuffer(buffer);
    }
  }

  /** Runs the nodes that the fetches and targets need, and returns the fetched values. Does not block the event loop. */
  async run({ feeds = {}, fetches = [], targets = [] }: RunRequest): Promise<TypedArray[]> {
    if (this.#isClosed) throw new Error('the session is closed');
    const api = this.#api;
    const inputs = this.#outputs(Object.keys(feeds));
    const outputs = this.#outputs(fetches);
    const operations = BigInt64Array.from(targets, (name) => this.#operation(name));
    const fed = new BigInt64Array(inputs.length / 2);
    const fetched = new BigInt64Array(fetches.length);
    const status = api.TF_NewStatus();
    this.#running++;
    try {
      Object.entries(feeds).forEach(([name, tensor], at) => {
        fed[at] = newTensor(api, tensor, `the input ${name}`);
      });
      await new Promise<void>((resolve, reject) => {
        api.TF_SessionRun.async(
          ...([this.#session, null, inputs, fed, fed.length, outputs, fetched, fetched.length] as const),
          ...([operations, operations.length, null, status] as const),
          (error) => {
            if (error) reject(error instanceof Error ? error : new Error('TF_SessionRun was not called'));
            else resolve();
          },
        );
      });
      this.#check('a run', status);
      return Array.from(fetched, (tensor) => this.#copyOut(tensor));
    } finally {
      this.#running--;
      for (const tensor of [...fed, ...fetched]) if (tensor !== 0n) api.TF_DeleteTensor(tensor);
      api.TF_DeleteStatus(status);
      this.#freeIfClosed();
    }
  }

  /**
   * Runs at once and blocks meanwhile, with tensors in TensorFlow's memory. The tensors that it returns are the caller's to delete.
   *
   * @param inputs names of nodes, as in `RunRequest`, with their tensors
   */
  runTensors(
    inputs: readonly (readonly [name: string, tensor: Pointer])[],
    fetches: readonly string[],
  ): Pointer[] {
    if (this.#isClosed) throw new Error('the session is closed');
    const feeds = this.#outputs(inputs.map(([name]) => name));
    const outputs = this.#outputs(fetches);
    const fed = BigInt64Array.from(inputs, ([, tensor]) => tensor);
    const fetched = new BigInt64Array(fetches.length);
    const none = new BigInt64Array(0);
    this.#call('a run', (status) => {
      this.#api.TF_SessionRun(
        ...([this.#session, null, feeds, fed, fed.length, outputs, fetched, fetched.length] as const),
        ...([none, 0, null, status] as const),
      );
    });
    return [...fetched];
  }

  /**
   * Prepares a run that is repeated many times: it runs at once and blocks meanwhile, with tensors in TensorFlow's memory.
   *
   * @param feeds names of nodes, as in `RunRequest`
   * @returns runs it with a tensor for each feed; the tensors that it returns are the caller's to delete
   */
  prepare(
    feeds: readonly string[],
    fetches: readonly string[],
    targets: readonly string[],
  ): (tensors: readonly Pointer[]) => BigInt64Array {
    const inputs = this.#outputs(feeds);
    const outputs = this.#outputs(fetches);
    const operations = BigInt64Array.from(targets, (name) => this.#operation(name));
    const fed = new BigInt64Array(feeds.length);
    return (tensors) => {
      if (this.#isClosed) throw new Error('the session is closed');
      fed.set(tensors);
      const fetched = new BigInt64Array(fetches.length);
      this.#call('a run', (status) => {
        withoutDenormals(() => {
          this.#api.TF_SessionRun(
            ...([this.#session, null, inputs, fed, fed.length, outputs, fetched, fetched.length] as const),
            ...([operations, operations.length, null, status] as const),
          );
        });
      });
      return fetched;
    };
  }

  /**
   * Prepares a run on the calling thread, for graphs that take less time than another thread takes to wake up. It copies a tensor in and
   * another out; what it returns throws TENSORFLOW_FAILED or OUT_OF_MEMORY.
   *
   * @param feed the name of a node, as in `RunRequest`
   */
  prepareCopying(feed: string, fetch: string): (tensor: HostTensor) => TypedArray {
    const run = this.prepare([feed], [fetch], []);
    return (tensor) => {
      const fed = newTensor(this.#api, tensor, `the input ${feed}`);
      try {
        const [fetched = 0n] = run([fed]);
        try {
          return this.#copyOut(fetched);
        } finally {
          this.#api.TF_DeleteTensor(fetched);
        }
      } finally {
        this.#api.TF_DeleteTensor(fed);
      }
    };
  }

  /** Frees the session and its graph, once a run in progress has ended. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#freeIfClosed();
  }

  #load(folder: string, tags: readonly string[], options: Pointer): Pointer {
    const api = this.#api;
    return this.#call(`the SavedModel ${folder}`, (status) =>
      withoutSignals(() =>
        api.TF_LoadSessionFromSavedModel(
          ...([options, null, folder, tags, tags.length, this.#graph, null, status] as const),
        ),
      ),
    );
  }

  #freeIfClosed(): void {
    if (!this.#isClosed || this.#running > 0) return;
    const api = this.#api;
    this.#call('closing a session', (status) => {
      api.TF_CloseSession(this.#session, status);
    });
    this.#call('deleting a session', (status) => {
      api.TF_DeleteSession(this.#session, status);
    });
    api.TF_DeleteGraph(this.#graph);
  }

  #copyOut(tensor: Pointer): TypedArray {
    const api = this.#api;
    const bytes = new Uint8Array(api.TF_TensorByteSize(tensor));
    if (bytes.length > 0) api.memcpy(bytes, api.TF_TensorData(tensor), bytes.length);
    const type = api.TF_TensorType(tensor);
    if (type === DataType.FLOAT) return new Float32Array(bytes.buffer);
    return type === DataType.INT32 ? new Int32Array(bytes.buffer) : bytes;
  }

  /** An array of `TF_Output`: the address of an operation and the index of its output, eight bytes each. */
  #outputs(names: readonly string[]): BigInt64Array {
    const pairs = names.flatMap((name) => {
      const [operation = '', index = '0'] = name.split(':');
      return [this.#operation(operation), BigInt(index)];
    });
    return BigInt64Array.from(pairs);
  }

  #operation(name: string): Pointer {
    const known = this.#operations.get(name);
    if (known !== undefined) return known;
    const found = this.#api.TF_GraphOperationByName(this.#graph, name);
    if (found === null) throw new Error(`the graph has no node ${name}`);
    this.#operations.set(name, found);
    return found;
  }

  #call<Result>(operation: string, call: (status: Pointer) => Result): Result {
    const status = this.#api.TF_NewStatus();
    try {
      const result = call(status);
      this.#check(operation, status);
      return result;
    } finally {
      this.#api.TF_DeleteStatus(status);
    }
  }

  #check(operation: string, status: Pointer): void {
    const failure = failureOf(this.#api, status, operation);
    if (failure) throw failure;
  }
}
