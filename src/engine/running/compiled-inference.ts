import { tensorFlowContext } from '../../tensorflow/backend/tfjs-backend.js';
import { CompiledForward } from './compiled-forward.js';
import type { DeviceImages } from './device-images.js';
import {
  imagesTogether,
  pixelsPerImage,
  rowsAt,
  type Examples,
  type ImageShape,
  type LabelledImages,
} from '../../core/images.js';
import type { Forward, InferenceProgram } from './program.js';

/** The batch size for small images: large enough to keep the kernels busy, small enough for a core's caches. */
const BATCH = 500;

/** The number of images of a batch. */
export function inferenceBatch(shape: ImageShape): number {
  return imagesTogether(BATCH, shape);
}

/**
 * A compiled forward pass over a data set. Batches are fed from this process's memory: each image is used once, so keeping the data set
 * on the device would save nothing. Each core runs its own batches, which needs less synchronisation than threads that share a kernel.
 */
export class CompiledInference implements InferenceProgram {
  readonly #data: DeviceImages;
  readonly #classes: number;
  readonly #forward: CompiledForward;
  readonly #concurrency: number;

  constructor(forward: Forward, data: DeviceImages, classes: number) {
    this.#data = data;
    this.#classes = classes;
    const { config, usesGpu } = tensorFlowContext();
    // On a GPU the next batch is transferred during the current one.
    this.#concurrency = usesGpu ? 2 : Math.max(1, config.threads);
    const cores = usesGpu ? {} : { threads: 1, schedulingThreads: this.#concurrency };
    this.#forward = new CompiledForward(forward, data, cores);
  }

  async run(indices: Int32Array, signal: AbortSignal): Promise<Float32Array> {
    const logits = new Float32Array(indices.length * this.#classes);
    const batch = inferenceBatch(this.#data.source.shape);
    for (const size of new Set([Math.min(batch, indices.length), indices.length % batch])) {
      if (size > 0) this.#forward.compile(size);
    }
    await this.#forward.push();
    let next = 0;
    const takeBatches = async (): Promise<void> => {
      while (next < indices.length) {
        signal.throwIfAborted();
        const start = next;
        next += batch;
        const chosen = indices.subarray(start, next);
        logits.set(await this.#forward.run(chosen.length, this.#inputsOf(chosen)), start * this.#classes);
      }
    };
    await Promise.all(Array.from({ length: this.#concurrency }, takeBatches));
    return logits;
  }

  replaceImages(images: LabelledImages): void {
    this.#data.replace(images);
  }

  dispose(): void {
    this.#forward.close();
  }

  #inputsOf(indices: Int32Array): Examples['pixels'] {
    const { pixels, shape } = this.#data.source;
    const size = pixelsPerImage(shape);
    const first = indices[0] ?? 0;
    // Consecutive images, as of a whole test set, need no copy.
    if (indices.every((index, row) => index === first + row)) {
      return pixels.subarray(first * size, (first + indices.length) * size);
    }
    return rowsAt(pixels, indices, size);
  }
}
