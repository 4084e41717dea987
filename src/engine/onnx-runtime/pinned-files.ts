import { runtimeEntry, type RuntimeName } from './builds.js';

/** The package of npm that holds them; it also holds 100 MB that nobody here needs. */
export const PACKAGE = { name: 'onnxruntime-web', version: '1.30.0', mebibytes: 32 } as const;

/** The package as npm is asked for it. */
export const ONNX_RUNTIME = `${PACKAGE.name}@${PACKAGE.version}`;

/** The files of each build in the package's folder `dist`, with their SHA-256. */
export type PinnedFiles = Readonly<Record<RuntimeName, ReadonlyMap<string, string>>>;

/** The compiled code of the build that needs no GPU. */
export const WASM_FILE = 'ort-wasm-simd-threaded.wasm';

export const pinnedFiles: PinnedFiles = {
  wasm: new Map([
    [runtimeEntry.wasm, '219e6a1fc8a9938268d18efca3c91d310bd2f4a59bbd13744df5b2b7fc6cee3b'],
    ['ort-wasm-simd-threaded.mjs', 'e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b'],
    [WASM_FILE, '3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2'],
  ]),
  webgpu: new Map([
    [runtimeEntry.webgpu, '3dffff71811bc13a3a3d9591c57ca5ee5735b8f5f3eaf789510b02bb040ae3a0'],
    [
      'ort-wasm-simd-threaded.asyncify.mjs',
      '3d1c85995364bb643302fc6fd877a0c3ba5ae72401815e0f24828a53d9191e28',
    ],
    [
      'ort-wasm-simd-threaded.asyncify.wasm',
      '39f9f0894d478800487ed9f7dbe92618498db320cf55c8e3d89adff8dce658da',
    ],
  ]),
};

/** The names of both builds. */
export const runtimeNames = Object.keys(pinnedFiles) as readonly RuntimeName[];

/** The names of the files of some builds. */
export function fileNames(builds: readonly RuntimeName[], pinned: PinnedFiles = pinnedFiles): string[] {
  return builds.flatMap((build) => [...pinned[build].keys()]);
}
