import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { messageOf, ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { sha256 } from '../../core/hashing.js';
import { specOf } from '../../engine/npm-runtime/obtain.js';
import { liteRt, LITERT_SCRIPT, obtainLiteRt } from './obtain-litert.js';
import {
  webAssembly,
  type LiteRtBuffer,
  type LiteRtCompiledModel,
  type LiteRtEnvironment,
  type LiteRtModel,
  type LiteRtModule,
  type MakeLiteRt,
} from './litert-module.js';

/** The name of the engine, for manifests. */
export const LITERT_ENGINE = `LiteRT ${liteRt.package.version}, WebAssembly`;

/** Runs after which other work of this thread gets its turn. */
const RUNS_A_TURN = 50;

/** `ElementType` of LiteRT for the elements of an array. */
function elementTypeOf(values: LiteInput['values']): number {
  if (values instanceof Float32Array) return 1;
  return values instanceof Int8Array ? 9 : 3;
}

/** What a model takes: the values of its only input, and their shape. */
export interface LiteInput {
  values: Float32Array | Uint8Array | Int8Array;
  shape: readonly number[];
}

/** A TFLite model in LiteRT, the runtime that phones use, compiled to WebAssembly: it runs wherever Node.js does. */
export class LiteRtSession {
  readonly #module: LiteRtModule;
  readonly #environment: LiteRtEnvironment;
  readonly #model: LiteRtModel;
  readonly #compiled: LiteRtCompiledModel;
  readonly #memory: number;
  #runs = 0;

  private constructor(
    module: LiteRtModule,
    environment: LiteRtEnvironment,
    model: LiteRtModel,
    compiled: LiteRtCompiledModel,
    memory: number,
  ) {
    this.#module = module;
    this.#environment = environment;
    this.#model = model;
    this.#compiled = compiled;
    this.#memory = memory;
  }

  /** Loads a model. Throws what `obtainLiteRt` throws, and EXPORT_UNSUPPORTED where LiteRT refuses the model. */
  static async load(file: Uint8Array, context: StageContext): Promise<LiteRtSession> {
    const messages: string[] = [];
    const module = await loadModule(context, messages);
    const environment = module.LiteRtEnvironment.create(null);
    const memory = module._malloc(file.length);
    module.HEAPU8.set(file, memory);
    try {
      const model = module.loadModel(environment, memory, file.length);
      const compiled = await module.compileModel(environment, model, {
        environment: { liteRtEnvironment: environment },
        accelerator: 'wasm',
        cpuOptions: { numThreads: 1 },
        gpuOptions: {},
        webNNOptions: {},
      });
      return new LiteRtSession(module, environment, model, compiled, memory);
    } catch (error) {
      throw refused(module, error, messages);
    }
  }

  /** Runs the model; its outputs' bytes, in their order. */
  async run({ values, shape }: LiteInput): Promise<Uint8Array[]> {
    // WebAssembly computes on this thread: signals and timers get their turn between runs.
    if (++this.#runs % RUNS_A_TURN === 0) await nextTurn();
    const input = this.#buffer(values, shape);
    try {
      const outputs = await this.#compiled.run(0, [input]);
      return outputs.map((output) => this.#take(output));
    } catch (error) {
      throw refused(this.#module, error, []);
    } finally {
      input.delete();
    }
  }

  dispose(): void {
    this.#compiled.delete();
    this.#model.delete();
    this.#environment.delete();
    this.#module._free(this.#memory);
  }

  #buffer(values: LiteInput['values'], shape: readonly number[]): LiteRtBuffer {
    const module = this.#module;
    const dimensions = new module.VectorInt32();
    for (const size of shape) dimensions.push_back(size);
    const layout = module.LiteRtLayout.create(dimensions);
    const type = module.LiteRtRankedTensorType.create({ value: elementTypeOf(values) }, layout);
    const { HOST_MEMORY } = module.LiteRtTensorBufferType;
    const buffer = module.LiteRtTensorBuffer.createManaged(
      this.#environment,
      HOST_MEMORY,
      type,
      values.byteLength,
    );
    for (const used of [dimensions, layout, type]) used.delete();
    const address = buffer.lock(module.LiteRtTensorBufferLockMode.WRITE);
    module.HEAPU8.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), address);
    buffer.unlock();
    return buffer;
  }

  #take(output: LiteRtBuffer): Uint8Array {
    const address = output.lock(this.#module.LiteRtTensorBufferLockMode.READ);
    const bytes = this.#module.HEAPU8.slice(address, address + output.packedSize());
    output.unlock();
    output.delete();
    return bytes;
  }
}

/**
 * LiteRT's script is neither a module of ECMAScript nor of CommonJS: it defines one function, which finds its WebAssembly by the name of its
 * own file.
 */
async function loadModule(context: StageContext, messages: string[]): Promise<LiteRtModule> {
  const folder = await obtainLiteRt(process.env, context);
  const path = join(folder, LITERT_SCRIPT);
  const text = await readFile(path, 'utf8');
  // It becomes code of this process: of a package that is installed here, only the version was looked at.
  if (sha256(text) !== liteRt.files.get(LITERT_SCRIPT)) {
    throw liteRt.missing(`${path} is not what was published`, `npm install ${specOf(liteRt)}`);
  }
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- it is a script
  const make = new Function('require', '__filename', '__dirname', `${text}\nreturn ModuleFactory;`)(
    createRequire(path),
    path,
    folder,
  ) as MakeLiteRt;
  const compiled = await compiledOnce(path.replace(/\.js$/, '.wasm'));
  const module = await new Promise<LiteRtModule>((resolve, reject) => {
    make({
      print: () => undefined,
      printErr: (line) => void messages.push(line),
      instantiateWasm(imports, receive) {
        webAssembly.instantiate(compiled, imports).then((made) => {
          receive(made, compiled);
        }, reject);
        return {};
      },
    }).then(resolve, reject);
  });
  module.setupLogging();
  return module;
}

/** LiteRT's WebAssembly, by its file: to compile it takes six times as long as all else that a session needs to begin. */
const compilations = new Map<string, Promise<object>>();

function compiledOnce(path: string): Promise<object> {
  const known = compilations.get(path);
  if (known) return known;
  const compiling = readFile(path).then((bytes) => webAssembly.compile(bytes));
  compilations.set(path, compiling);
  // What failed may be mended, and is then tried again.
  compiling.catch(() => compilations.delete(path));
  return compiling;
}

/** What is thrown in C++ is no Error here; what it wrote says more. */
function refused(module: LiteRtModule, error: unknown, messages: readonly string[]): ToolkitError {
  const said = messages.findLast((line) => line.startsWith('ERROR'));
  const thrown = error instanceof Error ? messageOf(error) : module.getExceptionMessage?.(error).join(': ');
  const reason = `LiteRT refuses it: ${said ?? thrown ?? 'it gives no reason'}`;
  return new ToolkitError('EXPORT_UNSUPPORTED', { target: 'tflite', reason }, { cause: error });
}
