import { join } from 'node:path';

import { expect, it, onTestFinished, vi } from 'vitest';

import { writeDecision } from '../../../src/artifacts/decision.js';
import { CompiledForward } from '../../../src/engine/running/compiled-forward.js';
import { openModel, predict, type OpenModel, type OpenOptions } from '../../../src/index.js';
import { storedDecision } from '../../support/decisions.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { pngOf } from '../../support/pictures.js';
import { preparedMnist, writeMnistCheckpoint } from '../../support/serving.js';

async function opened(options: OpenOptions = {}): Promise<{ model: OpenModel; checkpoint: string }> {
  const checkpoint = await writeMnistCheckpoint(await temporaryFolder(), 'opened', 3);
  await writeDecision(checkpoint, await storedDecision(checkpoint, { temperature: 2 }));
  const model = await openModel(checkpoint, { threads: 1, ...options });
  onTestFinished(() => {
    model.close();
  });
  return { model, checkpoint };
}

it('an open model decides as predict does: one image, many, and pictures', async () => {
  const { model, checkpoint } = await opened({ maxBatch: 4 });
  const { pixels } = (await preparedMnist()).test;
  const images = pixels.subarray(0, 11 * 784);
  const pictures = Array.from({ length: 11 }, (_, at) => ({
    name: `${at}.png`,
    read: () => pngOf(images.subarray(at * 784, (at + 1) * 784)),
  }));
  const { predictions } = await predict(checkpoint, pictures, { threads: 1, prepare: 'fit' });
  const expected = predictions.map(({ class: name, abstained, reason }) => ({
    class: name,
    abstained,
    reason,
  }));

  const all = await model.classifyAll(images);
  expect(all.map(({ class: name, abstained, reason }) => ({ class: name, abstained, reason }))).toEqual(
    expected,
  );
  for (const [at, { probability, top }] of all.entries()) {
    expect(probability).toBeCloseTo(predictions[at]!.probability, 5);
    expect(top.map(({ class: name }) => name)).toEqual(predictions[at]!.top.map(({ class: name }) => name));
    const alone = await model.classify(images.subarray(at * 784, (at + 1) * 784));
    expect(alone.class).toBe(expected[at]!.class);
    expect(alone.probability).toBeCloseTo(probability, 5);
  }
  const [picture] = pictures;
  expect(await model.read(picture!)).toHaveLength(784);
  expect(model).toMatchObject({ checkpoint, classNames: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] });
  expect(await model.classifyAll(new Uint8Array(0))).toEqual([]);
});

it('a small pass runs on the calling thread, and a large one on another: with the same result', async () => {
  const { model } = await opened({ maxBatch: 512 });
  const [now, later] = [
    vi.spyOn(CompiledForward.prototype, 'runNow'),
    vi.spyOn(CompiledForward.prototype, 'run'),
  ];
  onTestFinished(() => {
    now.mockRestore();
    later.mockRestore();
  });
  const { pixels } = (await preparedMnist()).test;
  const alone = await model.classify(pixels.subarray(0, 784));
  expect(now).toHaveBeenCalledOnce();
  expect(later).not.toHaveBeenCalled();
  const [first] = await model.classifyAll(pixels.subarray(0, 300 * 784));
  expect(later).toHaveBeenCalledOnce();
  expect(first!.class).toBe(alone.class);
  expect(first!.probability).toBeCloseTo(alone.probability, 5);
});

it('refuses what are no images of the model, and to classify when it is closed', async () => {
  const { model } = await opened();
  const folder = await temporaryFolder();
  const hint = 'an image of the model is 28×28×1: 784 bytes, from 0 to 255, row by row';
  const refused: [string, () => Promise<unknown>][] = [
    ['783 bytes are not one image', () => model.classify(new Uint8Array(783))],
    ['785 bytes are not whole images', () => model.classifyAll(new Uint8Array(785))],
    [
      'pixels are a Uint8Array or a Buffer',
      () => model.classify(new Float32Array(784) as unknown as Uint8Array),
    ],
  ];
  for (const [message, call] of refused)
    expect(await toolkitError('USAGE', call)).toMatchObject({ message, hint });
  model.close();
  model.close();
  const closed = await toolkitError('USAGE', () => model.classify(new Uint8Array(784)));
  expect(closed.message).toBe('the model is closed');
  await toolkitError('CHECKPOINT_MISSING', openModel(join(folder, 'no.safetensors')));
  await toolkitError('OPTION_INVALID', openModel('latest', { maxBatch: 0 }));
});
