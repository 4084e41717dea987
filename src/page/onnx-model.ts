import type * as OnnxRuntime from 'onnxruntime-web';

import type { PageModel } from '../deployment/web/page-model.js';
import { runtimeEntry, type RuntimeName } from '../engine/onnx-runtime/builds.js';
import type { BrowserModel } from './browser-model.js';

const TITLES: Readonly<Record<RuntimeName, string>> = { webgpu: 'WebGPU', wasm: 'WebAssembly' };

/**
 * Loads an ONNX model into ONNX Runtime: with WebGPU where the browser has a real GPU, else with WebAssembly. Throws an Error where
 * neither can be loaded.
 */
export async function onnxModel(file: Uint8Array, model: PageModel): Promise<BrowserModel> {
  const asked = new URL(location.href).searchParams.get('engine');
  const failures: string[] = [];
  for (const name of model.runtimes) {
    if (asked === null ? name === 'webgpu' && !(await hasGpu()) : name !== asked) continue;
    try {
      return await load(name, file, model);
    } catch (error) {
      failures.push(`${TITLES[name]}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(failures.join('; ') || `this page has no engine ${JSON.stringify(asked)}`);
}

/** Whether there is a real GPU: an emulated one is slower than WebAssembly. */
async function hasGpu(): Promise<boolean> {
  const { gpu } = navigator as Partial<Navigator>;
  const adapter = await gpu?.requestAdapter().catch(() => null);
  if (!adapter) return false;
  // Not every browser describes its adapter.
  const { info } = adapter as { info?: Partial<GPUAdapterInfo> };
  return info?.isFallbackAdapter !== true;
}

async function load(name: RuntimeName, file: Uint8Array, { shape }: PageModel): Promise<BrowserModel> {
  const folder = new URL('runtime/', document.baseURI).href;
  const runtime = (await import(`${folder}${runtimeEntry[name]}`)) as typeof OnnxRuntime;
  runtime.env.logLevel = 'error';
  runtime.env.wasm.wasmPaths = folder;
  // More threads need headers that not every host sends, and a model of small images gains nothing by them.
  runtime.env.wasm.numThreads = 1;
  const session = await runtime.InferenceSession.create(file, {
    executionProviders: [name],
    logSeverityLevel: 3,
  });
  const { height, width, channels } = shape;
  // A session computes one thing at a time.
  let last: Promise<unknown> = Promise.resolve();
  const run = async (pixels: Uint8Array, count: number): Promise<Float32Array> => {
    const images = new runtime.Tensor('uint8', pixels, [count, height, width, channels]);
    const { logits } = await session.run({ images }, ['logits']);
    return Float32Array.from((await logits!.getData()) as Float32Array);
  };
  const model: BrowserModel = {
    engine: `ONNX Runtime ${runtime.env.versions.web ?? ''}, ${TITLES[name]}`,
    logits(pixels, count) {
      const mine = last.then(() => run(pixels, count));
      last = mine.catch(() => undefined);
      return mine;
    },
  };
  // An operation that the GPU lacks fails only when it runs.
  await model.logits(new Uint8Array(height * width * channels), 1);
  return model;
}
