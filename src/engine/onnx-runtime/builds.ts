/** Builds of ONNX Runtime for browsers: one that computes with WebAssembly alone, one that can use a GPU as well. */
export type RuntimeName = 'webgpu' | 'wasm';

/** The file of each build that is imported. The page imports this file, so it needs nothing of Node.js. */
export const runtimeEntry: Readonly<Record<RuntimeName, string>> = {
  wasm: 'ort.wasm.min.mjs',
  webgpu: 'ort.webgpu.min.mjs',
};
