import {
  memory,
  mul,
  reshape,
  scalar,
  sum,
  tensor2d,
  type Tensor2D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

import { backends } from '../../../src/engine/backends/index.js';
import { placeOnDevice, type DeviceImages } from '../../../src/engine/running/device-images.js';
import { eagerInference, eagerTraining } from '../../../src/engine/running/eager.js';
import type { RunOptions, SliceResult, TrainingStep } from '../../../src/engine/running/program.js';
import { startOnCpu } from '../../support/backends.js';

const never = new AbortController().signal;
const COUNT = 7;

/** Seven images of one pixel, which is the image's number times ten. */
const place = (): DeviceImages =>
  placeOnDevice(
    {
      count: COUNT,
      shape: { height: 1, width: 1, channels: 1 },
      pixels: Uint8Array.from({ length: COUNT }, (_, index) => index * 10),
      labels: Uint8Array.from({ length: COUNT }, (_, index) => index),
    },
    { scale: 1, offset: 0 },
  );

/** Reports the sum of a batch's pixels times a coefficient, and the sum of its labels. */
const reporting: TrainingStep = ({ images, labels }, { coefficient }) => ({
  loss: mul(sum(images), coefficient!),
  correct: sum(labels),
});

function collect(slices: SliceResult[]): { losses: number[]; correct: number[] } {
  return {
    losses: slices.flatMap(({ losses }) => [...losses]),
    correct: slices.flatMap(({ correct }) => [...correct]),
  };
}

describe.each(backends.names)('on %s', (backend) => {
  const optionsWith = (slices: SliceResult[], more: Partial<RunOptions> = {}): RunOptions => ({
    order: new Int32Array([6, 5, 4, 3, 2, 1, 0]),
    batchSize: 3,
    firstBatch: 0,
    coefficients: (batch) => ({ coefficient: batch + 1 }),
    signal: never,
    onSlice: (slice) => slices.push(slice),
    ...more,
  });

  it('an eager program runs every batch in order, the last and smaller one too', async () => {
    await startOnCpu(backend);
    const before = memory().numTensors;
    const data = place();
    const program = eagerTraining(reporting, data);
    const slices: SliceResult[] = [];
    expect(await program.run(optionsWith(slices))).toBe(3);
    expect(collect(slices)).toEqual({ losses: [150, 2 * 60, 0], correct: [15, 6, 0] });
    expect(slices[0]?.first).toBe(0);
    for (const { losses, correct } of slices) {
      expect(losses).toBeInstanceOf(Float32Array);
      expect(correct).toBeInstanceOf(Float32Array);
    }
    program.dispose();
    data.dispose();
    expect(memory().numTensors).toBe(before);
  });

  it('an eager program begins where it is told, and ends after the slice in which it is aborted', async () => {
    await startOnCpu(backend);
    const data = place();
    const program = eagerTraining(reporting, data);
    const slices: SliceResult[] = [];
    expect(await program.run(optionsWith(slices, { firstBatch: 2 }))).toBe(3);
    expect(slices.map(({ first }) => first)).toEqual([2]);
    expect(collect(slices)).toEqual({ losses: [0], correct: [0] });

    const abort = new AbortController();
    const counted: SliceResult[] = [];
    const order = Int32Array.from({ length: 200_000 }, (_, index) => index % COUNT);
    const done = await program.run(
      optionsWith(counted, {
        order,
        batchSize: 1,
        coefficients: () => ({ coefficient: 1 }),
        signal: abort.signal,
        onSlice: (slice) => {
          counted.push(slice);
          abort.abort();
        },
      }),
    );
    expect(counted).toHaveLength(1);
    expect(done).toBe(counted[0]!.losses.length);
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(200_000);
    program.dispose();
    data.dispose();
  });

  it('an aborted program does nothing', async () => {
    await startOnCpu(backend);
    const data = place();
    const slices: SliceResult[] = [];
    const program = eagerTraining(reporting, data);
    const options = optionsWith(slices, { firstBatch: 1, signal: AbortSignal.abort() });
    expect(await program.run(options)).toBe(1);
    expect(slices).toEqual([]);
    program.dispose();
    data.dispose();
  });

  it('an eager forward pass gives the logits in the order of the indices, however many there are', async () => {
    await startOnCpu(backend);
    const before = memory().numTensors;
    const data = place();
    const weights = tensor2d([[1, -1]]);
    const forward = (images: Tensor4D): Tensor2D => mul(reshape(images, [images.shape[0], 1]), weights);
    const program = eagerInference(forward, data, 2);
    const indices = Int32Array.from({ length: 2501 }, (_, index) => (index * 3) % COUNT);
    const logits = await program.run(indices, never);
    const expected = Float32Array.from([...indices].flatMap((index) => [index * 10, index * -10]));
    expect(logits.map((value) => value + 0)).toEqual(expected.map((value) => value + 0));
    await expect(program.run(indices, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
    expect(await program.run(new Int32Array(0), never)).toEqual(new Float32Array(0));
    program.dispose();
    weights.dispose();
    data.dispose();
    expect(memory().numTensors).toBe(before);
  });
});

describe('coefficients', () => {
  it('are made anew only when they change, and are gone with their program', async () => {
    await startOnCpu('cpu');
    const before = memory().numTensors;
    const data = place();
    const seen: number[] = [];
    const program = eagerTraining(({ labels }, { coefficient }) => {
      seen.push(coefficient!.id);
      return { loss: scalar(0), correct: sum(labels) };
    }, data);
    await program.run({
      order: Int32Array.from({ length: 6 }, (_, index) => index),
      batchSize: 1,
      firstBatch: 0,
      coefficients: (batch) => ({ coefficient: batch < 4 ? 0.1 : 0.2 }),
      signal: never,
      onSlice: () => undefined,
    });
    expect(new Set(seen.slice(0, 4)).size).toBe(1);
    expect(new Set(seen).size).toBe(2);
    program.dispose();
    data.dispose();
    expect(memory().numTensors).toBe(before);
  });
});
