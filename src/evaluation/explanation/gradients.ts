import { setImmediate as nextTurn } from 'node:timers/promises';

import { grad, mul, sum, tensor2d, tensor4d, tidy, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';

// Registers the gradients of operations.
import '../../engine/tracing/gradients.js';
import { pixelsPerImage } from '../../core/images.js';
import { gradientsRefusal, type Question } from './explainer.js';

/** The batch size: large enough for speed, small enough for little memory. */
const BATCH = 64;

/**
 * The gradients of the logits with respect to the images, in inference. Each logit depends only on its own image, so the gradient of
 * their sum contains all of them.
 *
 * @param images the model's inputs, one after the other
 */
export async function logitGradients(question: Question, images: Float32Array): Promise<Float32Array> {
  const { model, values, label, classify } = question;
  // Said before a backend is asked for, which such a model does without.
  if (classify) throw gradientsRefusal();
  const gradients = new Float32Array(images.length);
  const { height, width, channels } = question.shape;
  await inBatches(question, images, async (batch, start) => {
    const count = batch.length / pixelsPerImage(question.shape);
    const found = tidy(() =>
      grad((input) => logitSum(model.apply(input as Tensor4D, values), label))(
        tensor4d(batch, [count, height, width, channels]),
      ),
    );
    gradients.set(await found.data<'float32'>(), start);
    found.dispose();
  });
  return gradients;
}

/** The logits of the explained class for some images. */
export async function logitsOf(question: Question, images: Float32Array): Promise<Float32Array> {
  const { label, shape } = question;
  const found: number[] = [];
  await inBatches(question, images, async (batch) => {
    const count = batch.length / pixelsPerImage(shape);
    const logits = await (question.classify?.(batch) ?? applied(question, batch, count));
    const classes = logits.length / count;
    for (let row = 0; row < count; row++) found.push(logits[row * classes + label]!);
  });
  return Float32Array.from(found);
}

async function applied(
  { model, values, shape: { height, width, channels } }: Question,
  images: Float32Array,
  count: number,
): Promise<Float32Array> {
  const output = tidy(() => model.apply(tensor4d(images, [count, height, width, channels]), values));
  const logits = await output.data<'float32'>();
  output.dispose();
  return logits;
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
  run: (batch: Float32Array, start: number) => Promise<void>,
): Promise<void> {
  const length = BATCH * pixelsPerImage(shape);
  for (let start = 0; start < images.length; start += length) {
    signal.throwIfAborted();
    await run(images.subarray(start, start + length), start);
    await nextTurn();
  }
}
