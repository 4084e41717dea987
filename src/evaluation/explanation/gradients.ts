import { setImmediate as nextTurn } from 'node:timers/promises';

import { grad, mul, sum, tensor2d, tensor4d, tidy, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';

// Registers the gradients of operations.
import '../../engine/tracing/gradients.js';
import { pixelsPerImage } from '../../core/images.js';
import type { Question } from './explainer.js';

/** The batch size: large enough for speed, small enough for little memory. */
const BATCH = 64;

/**
 * The gradients of the logits with respect to the images, in inference. Each logit depends only on its own image, so the gradient of
 * their sum contains all of them.
 *
 * @param images the model's inputs, one after the other
 */
export async function logitGradients(question: Question, images: Float32Array): Promise<Float32Array> {
  const { model, values, label } = question;
  const gradients = new Float32Array(images.length);
  await inBatches(question, images, async (batch, start) => {
    const found = tidy(() => grad((input) => logitSum(model.apply(input as Tensor4D, values), label))(batch));
    gradients.set(await found.data<'float32'>(), start);
    found.dispose();
  });
  return gradients;
}

/** The logits of the explained class for some images. */
export async function logitsOf(question: Question, images: Float32Array): Promise<Float32Array> {
  const { model, values, label } = question;
  const logits: number[] = [];
  await inBatches(question, images, async (batch) => {
    const output = tidy(() => model.apply(batch, values));
    const rows = await output.data<'float32'>();
    const [count, classes] = output.shape;
    for (let row = 0; row < count; row++) logits.push(rows[row * classes + label]!);
    output.dispose();
  });
  return Float32Array.from(logits);
}

/** The sum over a batch of the logits of one class: [n, classes] to a scalar, differentiable. */
export function logitSum(logits: Tensor, label: number): Tensor {
  const classes = logits.shape[1]!;
  const chosen = Float32Array.from({ length: classes }, (_, index) => Number(index === label));
  return sum(mul(logits, tensor2d(chosen, [1, classes])));
}

async function inBatches(
  { shape, signal }: Question,
  images: Float32Array,
  run: (batch: Tensor4D, start: number) => Promise<void>,
): Promise<void> {
  const length = BATCH * pixelsPerImage(shape);
  for (let start = 0; start < images.length; start += length) {
    signal.throwIfAborted();
    const part = images.subarray(start, start + length);
    const batch = tensor4d(part, [
      part.length / pixelsPerImage(shape),
      ...([shape.height, shape.width, shape.channels] as const),
    ]);
    await run(batch, start);
    batch.dispose();
    await nextTurn();
  }
}
