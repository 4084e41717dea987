/** What is used of the module that LiteRT's script makes (its own TypeScript is in @litertjs/core). */
export interface LiteRtModule {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(address: number): void;
  setupLogging(): void;
  getExceptionMessage?(error: unknown): string[];
  loadModel(environment: LiteRtEnvironment, address: number, bytes: number): LiteRtModel;
  compileModel(
    environment: LiteRtEnvironment,
    model: LiteRtModel,
    options: LiteRtCompileOptions,
  ): Promise<LiteRtCompiledModel>;
  readonly LiteRtEnvironment: { create(gpu: null): LiteRtEnvironment };
  readonly VectorInt32: new () => Deletable & { push_back(value: number): void };
  readonly LiteRtLayout: { create(dimensions: Deletable): Deletable };
  readonly LiteRtRankedTensorType: { create(type: { value: number }, layout: Deletable): Deletable };
  readonly LiteRtTensorBufferType: { readonly HOST_MEMORY: unknown };
  readonly LiteRtTensorBufferLockMode: { readonly READ: unknown; readonly WRITE: unknown };
  readonly LiteRtTensorBuffer: {
    createManaged(
      environment: LiteRtEnvironment,
      kind: unknown,
      type: Deletable,
      bytes: number,
    ): LiteRtBuffer;
  };
}

/** What is used of WebAssembly, for which Node.js has no types. */
export const webAssembly = (
  globalThis as unknown as {
    WebAssembly: {
      compile(bytes: Uint8Array): Promise<object>;
      instantiate(module: object, imports: object): Promise<object>;
    };
  }
).WebAssembly;

/** Makes the module; what LiteRT would print goes to these functions. */
export type MakeLiteRt = (options: {
  print: (line: string) => void;
  printErr: (line: string) => void;
  /** Instantiates its WebAssembly in place of its own code for that. */
  instantiateWasm: (imports: object, receive: (instance: object, module: object) => void) => object;
}) => Promise<LiteRtModule>;

/** An object in WebAssembly's memory. */
interface Deletable {
  delete(): void;
}

export type LiteRtEnvironment = Deletable;
export type LiteRtModel = Deletable;

/** A tensor's memory, which is locked while it is read or written. */
export interface LiteRtBuffer extends Deletable {
  /** Its address. */
  lock(mode: unknown): number;
  unlock(): void;
  packedSize(): number;
}

export interface LiteRtCompiledModel extends Deletable {
  run(signature: number, inputs: readonly LiteRtBuffer[]): Promise<LiteRtBuffer[]>;
}

interface LiteRtCompileOptions {
  environment: { liteRtEnvironment: LiteRtEnvironment };
  accelerator: 'wasm';
  cpuOptions: { numThreads: number };
  gpuOptions: object;
  webNNOptions: object;
}
