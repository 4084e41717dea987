import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { packageFolder } from '../../core/package-folder.js';
import { runtimeEntry, type RuntimeName } from './page-model.js';

/** Where the build puts the page: its files for the server, and the script that needs no server. */
export const PAGE_FOLDER = fileURLToPath(new URL('dist/page', packageFolder));
export const STANDALONE_SCRIPT = fileURLToPath(new URL('dist/web/main.js', packageFolder));

const builds: Readonly<Record<RuntimeName, readonly string[]>> = {
  wasm: [runtimeEntry.wasm, 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'],
  webgpu: [
    runtimeEntry.webgpu,
    'ort-wasm-simd-threaded.asyncify.mjs',
    'ort-wasm-simd-threaded.asyncify.wasm',
  ],
};

/** The files of ONNX Runtime that a browser needs, by the names that they have in `runtime/`, and their paths here. */
export function runtimeFiles(names: readonly RuntimeName[]): ReadonlyMap<string, string> {
  const found = createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm');
  return new Map(names.flatMap((name) => builds[name].map((file) => [file, join(dirname(found), file)])));
}
