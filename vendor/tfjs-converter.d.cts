import type { io, NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';

/** A graph model of TensorFlow.js. */
export interface GraphModel {
  execute(inputs: NamedTensorMap, outputs: string): Tensor | Tensor[];
  dispose(): void;
}

/** Loads a graph model. */
export declare function loadGraphModel(source: io.IOHandler): Promise<GraphModel>;
