// Runs in a thread of its own (session.ts): a model from elsewhere may compute for ever, or fill the memory.
import { parentPort, workerData } from 'node:worker_threads';

import type * as OnnxRuntime from 'onnxruntime-web';

import { fromHalf } from '../../core/numerics/half.js';

/** What the thread is started with. */
export interface SessionSetup {
  /** The address of ONNX Runtime's module. */
  entry: string;
  /** Its compiled WebAssembly. */
  module: object;
  model: Uint8Array;
  /** The most memory that it may use, in WebAssembly's pages. */
  pages: number;
}

/** The types of elements that are fed or fetched as they are. */
type OnnxElements = 'float32' | 'float64' | 'float16' | 'uint8';

/** A request: one input, and the output that is wanted. Numbers of 16 bits are given as their bits. */
export interface SessionRequest {
  input: {
    name: string;
    type: OnnxElements;
    shape: readonly number[];
    values: Float32Array | Float64Array | Uint16Array | Uint8Array;
  };
  output: string;
}

/** An output: its sizes, and its values row by row. */
export interface SessionOutput {
  shape: readonly number[];
  values: Float32Array;
}

/** What the thread answers: once when the model is loaded, then to each request. */
export type SessionReply = { output: SessionOutput | null } | { reason: string };

interface MemoryDescriptor {
  initial: number;
  maximum?: number;
}

/** What is used of WebAssembly, which the types of Node.js leave out. */
interface WebAssemblyScope {
  Memory: new (descriptor: MemoryDescriptor) => object;
  instantiate: (module: object, imports: object) => Promise<object>;
}

/**
 * Gives ONNX Runtime the module that was compiled before, and no more memory than it may have. It asks for up to 4 GiB; what it cannot
 * have, it reports as an error.
 */
function prepareWebAssembly({ module, pages }: SessionSetup): void {
  const scope = (globalThis as unknown as { WebAssembly: WebAssemblyScope }).WebAssembly;
  const { Memory, instantiate } = scope;
  scope.Memory = class extends Memory {
    constructor(descriptor: MemoryDescriptor) {
      const { initial, maximum = pages } = descriptor;
      super({ ...descriptor, maximum: Math.max(initial, Math.min(maximum, pages)) });
    }
  };
  scope.instantiate = async (_, imports) => ({ module, instance: await instantiate(module, imports) });
}

async function open(): Promise<(request: SessionRequest) => Promise<SessionOutput>> {
  const setup = workerData as SessionSetup;
  const { entry, model } = setup;
  prepareWebAssembly(setup);
  const runtime = (await import(entry)) as typeof OnnxRuntime;
  runtime.env.logLevel = 'fatal';
  runtime.env.wasm.numThreads = 1;
  // The module is there already, so that its file need not be read.
  runtime.env.wasm.wasmBinary = new ArrayBuffer(8);
  const session = await runtime.InferenceSession.create(model, {
    executionProviders: ['wasm'],
    logSeverityLevel: 4,
  });
  return async ({ input: { name, type, shape, values }, output }) => {
    const tensor = new runtime.Tensor(type as 'float32', values as Float32Array, shape);
    const { [output]: result } = await session.run({ [name]: tensor }, [output]);
    return { shape: [...result!.dims], values: floatsOf(result!) };
  };
}

function floatsOf({ type, data }: OnnxRuntime.Tensor): Float32Array {
  if (data instanceof Float32Array || data instanceof Float64Array) return Float32Array.from(data);
  if (type !== 'float16') throw new Error(`its output is of type ${type}`);
  // Since Node.js 24, the values themselves; before, their bits.
  return data instanceof Uint16Array ? Float32Array.from(data, fromHalf) : Float32Array.from(data as never);
}

async function answering(port: NonNullable<typeof parentPort>): Promise<void> {
  const answer = async (work: () => Promise<SessionOutput | null>): Promise<void> => {
    const reply = await work().then(
      (output): SessionReply => ({ output }),
      (error: unknown): SessionReply => ({ reason: error instanceof Error ? error.message : String(error) }),
    );
    port.postMessage(reply);
  };
  let run: Awaited<ReturnType<typeof open>> | undefined;
  await answer(async () => {
    run = await open();
    return null;
  });
  port.on('message', (request: SessionRequest) => void answer(() => run!(request)));
}

if (parentPort) await answering(parentPort);
