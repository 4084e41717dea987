/** Registers the backend `wasm` of TensorFlow.js; its version. */
export declare const version_wasm: string;

/** Says where the binaries are: a folder, with its last separator. */
export declare function setWasmPaths(folder: string): void;
