import { softmax } from '../evaluation/probabilities.js';

/** What the server says of its model, as far as the page uses it. */
export interface ModelDescription {
  version: string;
  run: string;
  classNames: string[];
  shape: { height: number; width: number; channels: number };
  preprocessing: { scale: number; offset: number };
  preparation: 'digit' | 'fit';
  model: { name: string; description: string };
  activation: string | null;
}

interface DenseLayer {
  kernel: Float32Array;
  bias: Float32Array;
}

interface Entry {
  shape: number[];
  data_offsets: [number, number];
}

const ACTIVATIONS: Readonly<Record<string, (value: number) => number>> = {
  relu: (value) => Math.max(0, value),
  tanh: Math.tanh,
  sigmoid: (value) => 1 / (1 + Math.exp(-value)),
};

/** A model of dense layers that computes in the browser, from the parameters in a safetensors file. */
export class LocalModel {
  readonly #layers: DenseLayer[];
  readonly #description: ModelDescription;
  readonly #activation: (value: number) => number;

  private constructor(
    layers: DenseLayer[],
    description: ModelDescription,
    activation: (value: number) => number,
  ) {
    this.#layers = layers;
    this.#description = description;
    this.#activation = activation;
  }

  /** The model in a file; undefined where it is made of more than dense layers. */
  static from(file: ArrayBuffer, description: ModelDescription): LocalModel | undefined {
    const activation = ACTIVATIONS[description.activation ?? ''];
    if (description.model.name !== 'mlp' || !activation) return undefined;
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
      if (!kernel || !bias) break;
      layers.push({ kernel, bias });
    }
    return layers.length === 0 ? undefined : new LocalModel(layers, description, activation);
  }

  /** The probabilities of the classes for an image of pixels from 0 to 255. */
  classify(pixels: ArrayLike<number>): Float64Array {
    return softmax(this.#logits(pixels));
  }

  /** How much more speaks for a class than for all others together: the logarithm of its odds. */
  evidence(pixels: ArrayLike<number>, target: number): number {
    const logits = this.#logits(pixels);
    const maximum = Math.max(...logits);
    // From the logits, because a probability near 1 has lost what tells places apart.
    const others = logits.reduce(
      (sum, logit, index) => (index === target ? sum : sum + Math.exp(logit - maximum)),
      0,
    );
    return logits[target]! - maximum - Math.log(others);
  }

  #logits(pixels: ArrayLike<number>): Float32Array {
    const { scale, offset } = this.#description.preprocessing;
    let values = Float32Array.from(pixels, (pixel) => pixel * scale + offset);
    this.#layers.forEach((layer, index) => {
      const sums = multiply(values, layer);
      values = index === this.#layers.length - 1 ? sums : sums.map(this.#activation);
    });
    return values;
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
