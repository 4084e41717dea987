import { setImmediate as nextTurn } from 'node:timers/promises';

import { dispose, scalar, stack, tidy, type Scalar, type Tensor } from '@tensorflow/tfjs-core';

import { imagesTogether } from '../../core/images.js';
import type { DeviceImages } from './device-images.js';
import {
  batchSizesOf,
  type Coefficients,
  type Forward,
  type InferenceProgram,
  type RunOptions,
  type TrainingProgram,
  type TrainingStep,
} from './program.js';

/** How long a slice may block the event loop, in milliseconds. */
const SLICE_MS = 50;
/** The batch size of a forward pass: large enough to keep the kernels busy, small enough for little memory. */
const INFERENCE_BATCH = 1000;

/** Runs a training step batch by batch and operation by operation. Works on every backend. */
export function eagerTraining(step: TrainingStep, data: DeviceImages): TrainingProgram {
  const coefficients = new CoefficientTensors();
  return {
    execution: { mode: 'eager' },
    async run(options: RunOptions) {
      const { order, firstBatch, coefficients: valuesAt, signal, onSlice } = options;
      const sizes = batchSizesOf(options);
      let next = firstBatch;
      let start = sumOf(sizes.slice(0, next));
      while (next < sizes.length && !signal.aborted) {
        const first = next;
        const losses: Tensor[] = [];
        const correct: Tensor[] = [];
        const end = performance.now() + SLICE_MS;
        do {
          const indices = order.subarray(start, start + sizes[next]!);
          const scalars = coefficients.set(valuesAt(next));
          const result = tidy(() => ({ ...step(data.batch(indices), scalars) }));
          losses.push(result.loss);
          correct.push(result.correct);
          start += indices.length;
          next++;
        } while (next < sizes.length && performance.now() < end);
        onSlice({ first, losses: await readScalars(losses), correct: await readScalars(correct) });
        await nextTurn();
      }
      return next;
    },
    replaceImages(images) {
      data.replace(images);
      return Promise.resolve();
    },
    dispose: () => {
      coefficients.dispose();
    },
  };
}

/** Runs a forward pass batch by batch and operation by operation. Works on every backend. */
export function eagerInference(forward: Forward, data: DeviceImages, classes: number): InferenceProgram {
  return {
    async run(indices, signal) {
      const logits = new Float32Array(indices.length * classes);
      const batch = imagesTogether(INFERENCE_BATCH, data.source.shape);
      for (let start = 0; start < indices.length; start += batch) {
        signal.throwIfAborted();
        const chosen = indices.subarray(start, start + batch);
        const output = tidy(() => forward(data.batch(chosen).images));
        logits.set(await output.data<'float32'>(), start * classes);
        output.dispose();
        await nextTurn();
      }
      return logits;
    },
    replaceImages(images) {
      data.replace(images);
    },
    dispose: () => undefined,
  };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Reads scalars in one transfer and disposes of them. */
async function readScalars(scalars: Tensor[]): Promise<Float32Array> {
  const stacked = tidy(() => stack(scalars));
  // Counts are int32.
  const values = Float32Array.from(await stacked.data());
  dispose([stacked, ...scalars]);
  return values;
}

/** The coefficients as tensors, each replaced only when its value changes. */
class CoefficientTensors {
  #values: Coefficients<number> = {};
  #tensors: Record<string, Scalar> = {};

  set(values: Coefficients<number>): Coefficients<Scalar> {
    for (const [name, value] of Object.entries(values)) {
      const tensor = this.#tensors[name];
      if (tensor && this.#values[name] === value) continue;
      tensor?.dispose();
      this.#tensors[name] = scalar(value, 'float32');
    }
    this.#values = values;
    return this.#tensors;
  }

  dispose(): void {
    dispose(this.#tensors);
    this.#tensors = {};
    this.#values = {};
  }
}
