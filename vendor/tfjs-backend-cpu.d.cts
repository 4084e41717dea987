/** Registers the backend `cpu` of TensorFlow.js; its version. */
export declare const version_cpu: string;
