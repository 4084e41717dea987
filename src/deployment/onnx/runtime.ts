import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import type * as OnnxRuntime from 'onnxruntime-web';

import { silentContext, type StageContext } from '../../core/events.js';
import type { LabelledImages } from '../../core/images.js';
import { classifyInBatches } from '../batches.js';
import { obtainOnnxRuntime } from '../../engine/onnx-runtime/obtain.js';
import { PACKAGE } from '../../engine/onnx-runtime/pinned-files.js';
import { runtimeEntry } from '../../engine/onnx-runtime/builds.js';
import { onnxNames } from './translate.js';

/** Images that are computed at once. */
const BATCH = 500;

/** An ONNX model in ONNX Runtime, compiled to WebAssembly: it runs wherever Node.js does. */
export class OnnxModel {
  readonly engine: string;
  readonly #session: OnnxRuntime.InferenceSession;
  readonly #runtime: typeof OnnxRuntime;

  private constructor(runtime: typeof OnnxRuntime, session: OnnxRuntime.InferenceSession, engine: string) {
    this.#runtime = runtime;
    this.#session = session;
    this.engine = engine;
  }

  /** Loads a model. Throws what `obtainOnnxRuntime` throws, and an error of ONNX Runtime where it refuses the model. */
  static async load(model: Uint8Array, context: StageContext = silentContext()): Promise<OnnxModel> {
    const folder = await obtainOnnxRuntime({ builds: ['wasm'], environment: process.env }, context);
    const entry = pathToFileURL(join(folder, runtimeEntry.wasm));
    const runtime = (await import(entry.href)) as typeof OnnxRuntime;
    runtime.env.logLevel = 'error';
    // More threads would be workers, which keep the process alive.
    runtime.env.wasm.numThreads = 1;
    const session = await runtime.InferenceSession.create(model, { executionProviders: ['wasm'] });
    const { web = '' } = runtime.env.versions;
    return new OnnxModel(runtime, session, `${PACKAGE.name} ${web}, WebAssembly`);
  }

  /** The probabilities of images, row by row. */
  async classify(images: LabelledImages, type: 'uint8' | 'float32'): Promise<Float32Array> {
    return classifyInBatches(images, BATCH, async ({ count, pixels, shape }) => {
      // WebAssembly computes on this thread: signals and timers get their turn between batches.
      await nextTurn();
      const dimensions = [count, shape.height, shape.width, shape.channels];
      const tensor =
        type === 'uint8'
          ? new this.#runtime.Tensor('uint8', pixels.slice(), dimensions)
          : new this.#runtime.Tensor('float32', Float32Array.from(pixels), dimensions);
      const { [onnxNames.probabilities]: result } = await this.#session.run({ [onnxNames.input]: tensor });
      return Float32Array.from(result!.data as Float32Array);
    });
  }

  async dispose(): Promise<void> {
    await this.#session.release();
  }
}
