import {
  getBackend,
  grad,
  mean,
  memory,
  oneHot,
  sum,
  tensor1d,
  tensor2d,
  tidy,
  mul,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import type { ActiveBackend } from '../../src/engine/backends/backend.js';
import { backends } from '../../src/engine/backends/index.js';
import { Random } from '../../src/core/random.js';
import { placeOnDevice } from '../../src/engine/running/device-images.js';
import { sparseCrossEntropy } from '../../src/engine/tracing/operations.js';
import { startOnCpu } from '../support/backends.js';
import { expectClose } from '../support/numbers.js';

const ROWS = 40;
const CLASSES = 7;
const random = new Random(5, 'logits');
const logits = random.normalArray(ROWS * CLASSES, 6);
// Large ones overflow where the maximum is not subtracted first.
logits.set([500, -500, 0, 0, 0, 0, 0, 80, 80, 80, 80, 80, 80, 80]);
const labels = Int32Array.from({ length: ROWS }, () => random.integer(CLASSES));
const weights = random.uniformArray(ROWS, 1);

/** Loss and gradient of each example by their definition, in double precision. */
function reference(): { losses: number[]; gradients: number[] } {
  const losses: number[] = [];
  const gradients: number[] = [];
  for (let row = 0; row < ROWS; row++) {
    const values = [...logits.subarray(row * CLASSES, (row + 1) * CLASSES)];
    const maximum = Math.max(...values);
    const exponentials = values.map((value) => Math.exp(value - maximum));
    const total = exponentials.reduce((a, b) => a + b, 0);
    losses.push(Math.log(total) + maximum - values[labels[row]!]!);
    exponentials.forEach((exponential, index) => {
      gradients.push(weights[row]! * (exponential / total - (index === labels[row] ? 1 : 0)));
    });
  }
  return { losses, gradients };
}

for (const { name } of backends) {
  describe(`the backend ${name}`, () => {
    let active: ActiveBackend;

    beforeAll(async () => {
      active = await startOnCpu(name);
    });

    it('says what it is, and computes from now on', async () => {
      expect(active).toMatchObject({ name, device: 'CPU', threads: 1 });
      expect(active.version).toMatch(/^\d+\.\d+\.\d+/);
      expect(getBackend()).toBe(name);
      expect(await startOnCpu(name)).toEqual(active);
    });

    it('computes the cross-entropy and its gradient as their definitions say', () => {
      const before = memory().numTensors;
      const { losses, gradients } = reference();
      tidy(() => {
        const input = tensor2d(logits, [ROWS, CLASSES]);
        const classes = tensor1d(labels, 'int32');
        const computed = sparseCrossEntropy(input, classes);
        expect(computed.shape).toEqual([ROWS]);
        expectClose(computed.dataSync(), losses, 2e-6);
        const weighted = (x: Tensor): Tensor =>
          sum(mul(sparseCrossEntropy(x as Tensor2D, classes), tensor1d(weights)));
        expectClose(grad(weighted)(input).dataSync(), gradients, 1e-5, 1e-6);
      });
      expect(memory().numTensors).toBe(before);
    });

    it('gives the gradient of a mean, as training takes it', () => {
      tidy(() => {
        const input = tensor2d([0, 0, 0, 0], [2, 2]);
        const classes = tensor1d([0, 1], 'int32');
        const meanLoss = (x: Tensor): Tensor => mean(sparseCrossEntropy(x as Tensor2D, classes));
        expectClose(grad(meanLoss)(input).dataSync(), [-0.25, 0.25, 0.25, -0.25], 1e-6);
        expectClose(oneHot(classes, 2).dataSync(), [1, 0, 0, 1], 0);
      });
    });

    it('takes batches from a data set, scaled, and leaves no tensor behind', () => {
      const before = memory().numTensors;
      const shape = { height: 2, width: 1, channels: 2 };
      const pixels = new Uint8Array([0, 1, 2, 3, 100, 101, 102, 103, 252, 253, 254, 255]);
      const data = placeOnDevice(
        { count: 3, shape, pixels, labels: new Uint8Array([7, 8, 9]) },
        { scale: 2 / 255, offset: -1 },
      );
      expect(data.count).toBe(3);
      // A part of a longer array, as an epoch's order is cut into batches.
      tidy(() => {
        const { images, labels: chosen } = data.batch(new Int32Array([0, 2, 0, 1]).subarray(1, 3));
        expect(images.shape).toEqual([2, 2, 1, 2]);
        expect([images.dtype, chosen.dtype]).toEqual(['float32', 'int32']);
        expect([...chosen.dataSync()]).toEqual([9, 7]);
        const expected = [252, 253, 254, 255, 0, 1, 2, 3].map((pixel) => (pixel * 2) / 255 - 1);
        expectClose(images.dataSync(), expected, 0, 1.5e-7);
      });
      data.dispose();
      expect(memory().numTensors).toBe(before);
    });
  });
}
