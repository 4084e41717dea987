import type { PixelScaling } from '../../core/images.js';
import type { LiteGraph, LiteTensor } from './graph.js';
import { liteNames } from './translate.js';

/** A graph that takes bytes, and scales them itself. */
export function withByteInput(graph: LiteGraph, { scale, offset }: PixelScaling): LiteGraph {
  const [scaled] = graph.inputs;
  const shape = scaled!.shape;
  const result = (name: string): LiteTensor => ({ name, type: 'float32', shape });
  const number = (name: string, value: number): LiteTensor => ({
    name,
    type: 'float32',
    shape: [],
    values: Float32Array.of(value),
  });
  const images: LiteTensor = { name: liteNames.input, type: 'uint8', shape };
  const [pixels, multiplied] = [result('pixels'), result('multiplied')];
  return {
    inputs: [images],
    outputs: graph.outputs,
    operators: [
      { name: 'CAST', inputs: [images], outputs: [pixels], options: {} },
      { name: 'MUL', inputs: [pixels, number('scale', scale)], outputs: [multiplied], options: {} },
      { name: 'ADD', inputs: [multiplied, number('offset', offset)], outputs: [scaled!], options: {} },
      ...graph.operators,
    ],
  };
}
