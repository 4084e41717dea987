import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { silentContext, type StageContext } from '../../core/events.js';
import type { ActiveBackend } from '../backends/backend.js';
import { runtimeEntry } from './builds.js';
import { obtainOnnxRuntime } from './obtain.js';
import { PACKAGE, WASM_FILE } from './pinned-files.js';
import type { LoadedRuntime } from './session.js';

/** More threads for a model of somebody else's would take memory rather than give speed. */
const MOST_THREADS = 4;

/** ONNX Runtime, ready for models. */
export interface StartedOnnxRuntime {
  runtime: LoadedRuntime;
  /** How many batches of a model are computed at a time. */
  threads: number;
}

/** What is used of WebAssembly, which the types of Node.js leave out. */
const scope = (globalThis as unknown as { WebAssembly: { compile: (bytes: Uint8Array) => Promise<object> } })
  .WebAssembly;

let started: StartedOnnxRuntime | undefined;

/**
 * Finds ONNX Runtime, or fetches it. Throws what `obtainOnnxRuntime` throws.
 *
 * @param threads how many batches a model computes at a time; left out, as many as there are cores, up to 4
 */
export async function startOnnxRuntime(
  threads: number | undefined,
  context: StageContext,
): Promise<ActiveBackend> {
  const folder = await obtainOnnxRuntime({ builds: ['wasm'], environment: process.env }, context);
  const entry = pathToFileURL(join(folder, runtimeEntry.wasm)).href;
  const module =
    started?.runtime.entry === entry
      ? started.runtime.module
      : await scope.compile(await readFile(join(folder, WASM_FILE)));
  started = {
    runtime: { entry, module },
    threads: threads ?? Math.min(MOST_THREADS, availableParallelism()),
  };
  return { name: 'onnxruntime', device: 'CPU', version: PACKAGE.version, threads: started.threads };
}

/** ONNX Runtime as it was started, or else as it is by default. Throws what `startOnnxRuntime` throws. */
export async function onnxRuntime(): Promise<StartedOnnxRuntime> {
  if (!started) await startOnnxRuntime(undefined, silentContext());
  return started!;
}
