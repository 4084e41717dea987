import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import type { StoredTensor } from '../../src/artifacts/safetensors.js';
import type { BatchEvent } from '../../src/core/events.js';
import { momentum } from '../../src/training/optimizers/momentum.js';
import { sgd } from '../../src/training/optimizers/sgd.js';
import { noProgress, type EpochRecord, type TrainingProgress } from '../../src/training/progress.js';
import { startOnCpu } from '../support/backends.js';
import { SmallTraining } from '../support/small-training.js';

beforeAll(() => startOnCpu('tensorflow'));

/** What of an epoch does not depend on the clock. */
const withoutTimes = ({ history }: TrainingProgress): Omit<EpochRecord, 'seconds' | 'imagesPerSecond'>[] =>
  history.map(({ epoch, loss, accuracy, validation, learningRate }) => ({
    epoch,
    loss,
    accuracy,
    validation,
    learningRate,
  }));

describe('trainEpochs', () => {
  it('learns, and tells of each epoch', async () => {
    const training = new SmallTraining({ epochs: 8 });
    const told: EpochRecord[] = [];
    const events: BatchEvent[] = [];
    const progress = await training.run({
      onEpoch: (_, record) => Promise.resolve(void told.push(record)),
      onBatches: (event) => events.push(event),
    });
    expect(told).toEqual(progress.history);
    expect(progress.history.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(progress.partial).toEqual(noProgress.partial);
    const [first, last] = [progress.history[0]!, progress.history[7]!];
    expect(last.loss).toBeLessThan(first.loss / 2);
    expect(last.accuracy).toBeGreaterThan(0.9);
    expect(last.validation!.accuracy).toBeGreaterThan(0.9);
    expect(last.learningRate).toBeLessThan(0.001);
    // All 230 images are trained on, those of the last, smaller batch too.
    const ends = events.filter(({ images }) => images === 230);
    expect(ends.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    for (const { totalImages, epochs } of events) expect([totalImages, epochs]).toEqual([230, 8]);
    training.dispose();
  });

  it('weighs the images of a smaller last batch like all others', async () => {
    // Steps too small to change anything: the means are those of the start, over all images.
    const still = sgd.build(sgd.options.parse({ learningRate: 1e-30 }));
    const small = new SmallTraining({ epochs: 1 }, still);
    const whole = new SmallTraining({ epochs: 1, batchSize: 230 }, still);
    const [{ history: inBatches }, { history: atOnce }] = [await small.run(), await whole.run()];
    expect(inBatches[0]!.loss).toBeCloseTo(atOnce[0]!.loss, 6);
    expect(inBatches[0]!.accuracy).toBe(atOnce[0]!.accuracy);
    small.dispose();
    whole.dispose();
  });

  it('gives bit for bit the same from the same seed, and not from another', async () => {
    const states = [];
    for (const seed of [42, 42, 43]) {
      const training = new SmallTraining({ seed });
      const progress = await training.run();
      states.push({ state: await training.state(), history: withoutTimes(progress) });
      training.dispose();
    }
    expect(states[1]).toEqual(states[0]);
    expect(states[2]!.state).not.toEqual(states[0]!.state);
  });

  it.each([1, 5, 11, 12, 13, 24, 30])(
    'resumed after an interruption at batch %i gives the very weights of a run never stopped',
    async (stopAt) => {
      const undisturbed = new SmallTraining();
      const expected = withoutTimes(await undisturbed.run());

      const interrupted = new SmallTraining();
      const abort = new AbortController();
      let saved: { progress: TrainingProgress; tensors: Map<string, StoredTensor> } | undefined;
      // Its coefficients are asked for at the start of each batch; a batch that takes longer than a slice may is its last.
      const stopping = {
        ...interrupted.optimizer,
        coefficients: (step: number, rate: number) => {
          if (step === stopAt) {
            abort.abort(new Error('interrupted'));
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
          }
          return interrupted.optimizer.coefficients(step, rate);
        },
      };
      const running = interrupted.run({
        optimizer: stopping,
        signal: abort.signal,
        onPause: async (progress) => {
          saved = { progress, tensors: await interrupted.variables.store() };
        },
      });
      await expect(running).rejects.toThrow('interrupted');
      interrupted.dispose();

      const resumed = new SmallTraining();
      expect(resumed.variables.load(saved!.tensors, 'everything')).toBeUndefined();
      const { history, partial } = saved!.progress;
      expect(history.length * 12 + partial.batches).toBe(stopAt);
      const progress = await resumed.run({}, saved!.progress);
      expect(withoutTimes(progress)).toEqual(expected);
      expect(await resumed.state()).toEqual(await undisturbed.state());
      resumed.dispose();
      undisturbed.dispose();
    },
  );

  it('keeps a whole epoch when it is interrupted while it validates', async () => {
    const training = new SmallTraining();
    const abort = new AbortController();
    let paused: TrainingProgress | undefined;
    const running = training.run({
      signal: abort.signal,
      validate: () => {
        abort.abort(new Error('interrupted'));
        return Promise.reject(abort.signal.reason as Error);
      },
      onPause: (progress) => Promise.resolve(void (paused = progress)),
    });
    await expect(running).rejects.toThrow('interrupted');
    expect(paused).toMatchObject({ history: [], partial: { batches: 12, images: 230 } });
    const progress = await training.run({}, paused);
    expect(progress.history).toHaveLength(3);
    training.dispose();
  });

  it('says when it diverges, before it tells anyone of numbers that are none', async () => {
    const wild = momentum.build(momentum.options.parse({ weightDecay: 1 }));
    const training = new SmallTraining({}, { ...wild, learningRate: 1e30 });
    const told: (BatchEvent | EpochRecord)[] = [];
    const running = training.run({
      onBatches: (event) => told.push(event),
      onEpoch: (_, record) => Promise.resolve(void told.push(record)),
    });
    await expect(running).rejects.toMatchObject({
      code: 'TRAINING_DIVERGED',
      message: expect.stringMatching(/the loss is (NaN|Infinity) in epoch 1, batch [2-9]/) as string,
    });
    for (const { loss } of told) expect(loss).toSatisfy(Number.isFinite);
    training.dispose();
  });

  it('stops early when nothing improves', async () => {
    const training = new SmallTraining({ epochs: 10, earlyStopping: 2 });
    let calls = 0;
    const progress = await training.run({
      validate: () => Promise.resolve({ loss: 1 + calls++, accuracy: 0.5 }),
    });
    expect(progress.history).toHaveLength(3);
    training.dispose();
  });

  it('trains no further than its plan', async () => {
    const training = new SmallTraining({ epochs: 1 });
    const progress = await training.run();
    expect(await training.run({}, progress)).toBe(progress);
    training.dispose();
  });

  it('holds as many tensors after each epoch, and none when it is disposed of', async () => {
    const before = memory().numTensors;
    const training = new SmallTraining({ epochs: 5 });
    const counts: number[] = [];
    await training.run({
      onEpoch: () => Promise.resolve(void counts.push(memory().numTensors)),
    });
    expect(counts).toHaveLength(5);
    expect(new Set(counts).size).toBe(1);
    training.dispose();
    expect(memory().numTensors).toBe(before);
  });
});
