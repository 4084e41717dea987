import { CompiledForward } from './compiled-forward.js';
import type { DeviceImages } from './device-images.js';
import { pixelsPerImage } from './images.js';
import type { Forward, InferenceProgram } from './program.js';

/** Images a forward pass takes at once: enough to keep the kernels busy, few enough for a small memory. */
const BATCH = 1000;

/**
 * A forward pass over a data set as a TensorFlow graph. Images are fed as bytes, chosen on this side: each is looked at once, so
 * that to hold them all on the device would save nothing.
 */
export class CompiledInference implements InferenceProgram {
  readonly #data: DeviceImages;
  readonly #classes: number;
  readonly #forward: CompiledForward;

  constructor(forward: Forward, data: DeviceImages, classes: number) {
    this.#data = data;
    this.#classes = classes;
    this.#forward = new CompiledForward(forward, data);
  }

  async run(indices: Int32Array, signal: AbortSignal): Promise<Float32Array> {
    const logits = new Float32Array(indices.length * this.#classes);
    for (let start = 0; start < indices.length; start += BATCH) {
      signal.throwIfAborted();
      const chosen = indices.subarray(start, start + BATCH);
      this.#forward.compile(chosen.length);
      await this.#forward.push();
      logits.set(await this.#forward.run(chosen.length, this.#bytesOf(chosen)), start * this.#classes);
    }
    return logits;
  }

  dispose(): void {
    this.#forward.close();
  }

  #bytesOf(indices: Int32Array): Uint8Array {
    const { pixels, shape } = this.#data.source;
    const size = pixelsPerImage(shape);
    const bytes = new Uint8Array(indices.length * size);
    indices.forEach((index, row) => {
      bytes.set(pixels.subarray(index * size, (index + 1) * size), row * size);
    });
    return bytes;
  }
}
