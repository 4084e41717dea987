import { expect, it } from 'vitest';

import { fittingBatch, stepMemory } from '../../../src/engine/compiling/step-memory.js';
import type { Trace } from '../../../src/engine/tracing/trace.js';

/** A step whose operations give tensors of these shapes. */
function traceOf(shapes: readonly number[][]): Trace {
  const operations = shapes.map((shape, id) => ({ outputs: [{ id, shape, dtype: 1 }] }));
  return { operations } as unknown as Trace;
}

/** Two results that grow with the batch, 14 numbers an image in all, and a gradient of 100 numbers. */
const step = (images: number): Trace => traceOf([[images, 10], [images, 2, 2], [100]]);

it('what a step takes is told apart into what each image takes and the rest', () => {
  expect(stepMemory(step(2), 2, step(4), 4)).toEqual({ perImage: 56, fixed: 400 });
});

it('a batch that fits leaves a fifth of the memory free, and is half of one that did not at most', () => {
  const memory = { perImage: 56, fixed: 400 };
  // 0.8 × 10,000 − 400 are 7,600 bytes: 135 images.
  expect(fittingBatch(memory, 10_000, 1000)).toBe(128);
  expect(fittingBatch(memory, 1e9, 1000)).toBe(256);
  expect(fittingBatch(memory, 0, 1000)).toBe(1);
  expect(fittingBatch(memory, 1e9, 1)).toBe(1);
});
