import { rowOf } from '../core/images.js';
import type { DenseActivation, PageModel } from '../deployment/web/page-model.js';
import type { BrowserModel } from './browser-model.js';

interface DenseLayer {
  kernel: Float32Array;
  bias: Float32Array;
}

interface Entry {
  shape: number[];
  data_offsets: [number, number];
}

const ACTIVATIONS: Readonly<Record<DenseActivation, (value: number) => number>> = {
  relu: (value) => Math.max(0, value),
  tanh: Math.tanh,
  sigmoid: (value) => 1 / (1 + Math.exp(-value)),
};

/** A model of dense layers, from the parameters in a safetensors file. */
export function denseModel(file: ArrayBuffer, { preprocessing, denseActivation }: PageModel): BrowserModel {
  const layers = readLayers(file);
  const activation = (ACTIVATIONS as Readonly<Partial<Record<string, (value: number) => number>>>)[
    denseActivation ?? ''
  ];
  if (!activation || layers.length === 0) throw new Error('the model is not made of dense layers');
  const { scale, offset } = preprocessing;
  const logitsOf = (pixels: Uint8Array): Float32Array => {
    let values = Float32Array.from(pixels, (pixel) => pixel * scale + offset);
    layers.forEach((layer, index) => {
      const sums = multiply(values, layer);
      values = index === layers.length - 1 ? sums : sums.map(activation);
    });
    return values;
  };
  return {
    engine: 'JavaScript',
    logits(pixels, count) {
      const size = pixels.length / count;
      const rows = Array.from({ length: count }, (_, row) => logitsOf(rowOf(pixels, row, size)));
      const classes = rows[0]?.length ?? 0;
      const logits = new Float32Array(count * classes);
      rows.forEach((row, index) => {
        logits.set(row, index * classes);
      });
      return Promise.resolve(logits);
    },
  };
}

function readLayers(file: ArrayBuffer): DenseLayer[] {
  const headerLength = Number(new DataView(file).getBigUint64(0, true));
  const text = new TextDecoder().decode(new Uint8Array(file, 8, headerLength));
  const header = JSON.parse(text) as Record<string, Entry>;
  const read = (name: string): Float32Array | undefined => {
    const entry = header[name];
    if (!entry) return undefined;
    const [start, end] = entry.data_offsets;
    return new Float32Array(file.slice(8 + headerLength + start, 8 + headerLength + end));
  };
  const layers: DenseLayer[] = [];
  for (let number = 1; ; number++) {
    const kernel = read(`parameters/dense${number}/kernel`);
    const bias = read(`parameters/dense${number}/bias`);
    if (!kernel || !bias) return layers;
    layers.push({ kernel, bias });
  }
}

function multiply(input: Float32Array, { kernel, bias }: DenseLayer): Float32Array<ArrayBuffer> {
  const sums = Float64Array.from(bias);
  const units = bias.length;
  for (let row = 0; row < input.length; row++) {
    const value = input[row]!;
    if (value === 0) continue;
    const start = row * units;
    for (let unit = 0; unit < units; unit++) sums[unit]! += value * kernel[start + unit]!;
  }
  return Float32Array.from(sums);
}
