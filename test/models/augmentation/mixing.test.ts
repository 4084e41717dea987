import { readFile } from 'node:fs/promises';

import {
  add,
  cast,
  memory,
  mul,
  scalar,
  sub,
  tensor,
  tensor1d,
  tensor2d,
  tensor4d,
  tidy,
} from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CompiledTraining } from '../../../src/engine/running/compiled-training.js';
import type { DeviceImages } from '../../../src/engine/running/device-images.js';
import { eagerTraining } from '../../../src/engine/running/eager.js';
import type { RunOptions } from '../../../src/engine/running/program.js';
import { stepRandomness } from '../../../src/engine/tracing/randomness.js';
import {
  boxMask,
  drawShare,
  mixBatch,
  mixing,
  type MixedImages,
} from '../../../src/models/augmentation/mixing.js';
import { lossAndGradients, stepCoefficients, trainingStep } from '../../../src/training/step.js';
import { startOnCpu } from '../../support/backends.js';
import { lossOf } from '../../support/losses.js';
import { expectClose } from '../../support/numbers.js';
import {
  joined,
  mnistImages,
  run,
  smallNet,
  startTensorFlow,
  type TrainingParts,
} from '../../support/training.js';

/* Fixtures are torchvision's: bench/fixtures/make_augmentation_fixture.py. */

interface Mixtures {
  images: number[];
  labels: number[];
  logits: number[][];
  weights: number[];
  cases: {
    kind: 'mixup' | 'cutmix';
    share: number;
    x: number;
    y: number;
    images: number[];
    labels: number[][];
    losses: Record<'plain' | 'smoothed' | 'weighted', number>;
  }[];
}

const {
  height,
  width,
  mixing: fixture,
} = JSON.parse(await readFile(new URL('../../fixtures/augmentation.json', import.meta.url), 'utf8')) as {
  height: number;
  width: number;
  mixing: Mixtures;
};

type Case = Mixtures['cases'][number];

function mixedAs({ kind, share, x, y }: Case): MixedImages {
  const images = tensor4d(fixture.images, [3, height, width, 3]);
  const labels = tensor1d(fixture.labels, 'int32');
  // Half a pixel further, so that no place is rounded down to the one before.
  const place = { x: scalar((x + 0.5) / width), y: scalar((y + 0.5) / height) };
  const mask =
    kind === 'mixup' ? tensor([1 - share], [1, 1, 1, 1]) : boxMask({ height, width }, scalar(share), place);
  return mixBatch(images, labels, mask);
}

for (const backend of ['tensorflow', 'cpu']) {
  describe(`as torchvision, on ${backend}`, () => {
    beforeAll(() => startOnCpu(backend));

    it.each(fixture.cases)('$kind of a share of $share', (expected) => {
      const { images, labels } = tidy(() => {
        const { images, others, share } = mixedAs(expected);
        const [other, amount] = [others.dataSync(), share.dataSync()[0]!];
        const soft = fixture.labels.map((label, at) =>
          fixture.logits[at]!.map(
            (_, of) => (of === label ? 1 - amount : 0) + (of === other[at] ? amount : 0),
          ),
        );
        return { images: images.dataSync<'float32'>(), labels: soft };
      });
      expectClose(images, expected.images, 0, 1e-5);
      expectClose(labels.flat(), expected.labels.flat(), 0, 1e-6);
    });

    it.each([
      ['plain', {}],
      ['smoothed', { labelSmoothing: 0.1 }],
      ['weighted', { classWeights: fixture.weights }],
    ] as const)('the %s loss is the one of the mixed labels', (name, settings) => {
      for (const expected of fixture.cases) {
        const loss = tidy(() => {
          const { others, share } = mixedAs(expected);
          const of = lossOf(settings);
          const logits = tensor2d(fixture.logits);
          const labels = tensor1d(fixture.labels, 'int32');
          return add(mul(of(logits, labels), sub(1, share)), mul(of(logits, others), share)).dataSync()[0]!;
        });
        expectClose([loss], [expected.losses[name]], 1e-5);
      }
    });

    it('a single image stays as it is', () => {
      tidy(() => {
        const images = tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
        const mix = mixing({ augmentMixup: 1, augmentCutmix: 1 })!;
        const mixed = mix(images, tensor1d([1], 'int32'), stepRandomness(1, scalar(1)));
        expectClose(mixed.images.dataSync(), [1, 2, 3, 4], 1e-6);
      });
    });

    it('shares have a Beta distribution', () => {
      for (const alpha of [0.05, 0.2, 1, 4]) {
        const shares = tidy(() => {
          const randomness = stepRandomness(3, scalar(2));
          return [...drawShare(alpha, 'test', (purpose) => randomness.uniform([20_000], purpose)).dataSync()];
        });
        const moment = (power: number): number =>
          shares.reduce((sum, share) => sum + (share - 0.5) ** power, 0) / shares.length;
        const variance = 1 / (4 * (2 * alpha + 1));
        expect(Math.abs(moment(1))).toBeLessThan(0.015);
        expect(moment(2)).toBeCloseTo(variance, 2);
        // The excess kurtosis of Beta(α, α) is −6 ÷ (2α + 3).
        expect(moment(4) / moment(2) ** 2).toBeCloseTo(3 - 6 / (2 * alpha + 3), 1);
        expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
      }
    });
  });
}

describe('in training', () => {
  let data: DeviceImages;

  beforeAll(async () => {
    await startTensorFlow();
    data = await mnistImages();
    // Images are uploaded with the first batch.
    tidy(() => data.batch(Int32Array.of(0)).images);
  });

  afterAll(() => {
    data.dispose();
  });

  const options = { augmentMixup: 0.5, augmentCutmix: 1 };

  function mixed(): TrainingParts {
    const parts = smallNet('momentum');
    return {
      ...parts,
      step: trainingStep(parts.model, parts.optimizer, parts.variables, { mix: mixing(options) }),
    };
  }

  function numbered({ optimizer }: TrainingParts): Pick<RunOptions, 'coefficients'> {
    return { coefficients: (batch) => stepCoefficients(optimizer, batch + 1, 0.01) };
  }

  it('gives compiled what it gives eager, whole or in shards, and leaves no tensor behind', async () => {
    const eager = mixed();
    const before = memory().numTensors;
    const eagerly = eagerTraining(eager.step, data);
    const expected = joined((await run(eagerly, eager, 300, numbered(eager))).slices);
    eagerly.dispose();
    expect(memory().numTensors).toBe(before);
    for (const shards of [1, 4]) {
      const compiled = mixed();
      const program = new CompiledTraining(compiled.step, data, { shards, schedulingThreads: 2 });
      const actual = joined((await run(program, compiled, 300, numbered(compiled))).slices);
      program.dispose();
      expectClose(actual.losses, expected.losses, 1e-4);
      expect(actual.correct).toEqual(expected.correct);
    }
  });

  it('uses both kinds, another share in each step, and one of both for a batch', () => {
    const shares = Array.from({ length: 40 }, (_, step) =>
      tidy(() => {
        const { images, labels } = data.batch(Int32Array.of(0, 1, 2));
        const result = mixing(options)!(images, labels, stepRandomness(1, scalar(step + 1)));
        const before = images.dataSync();
        const [changed, share] = [result.images.dataSync(), result.share.dataSync()[0]!];
        // CutMix keeps the values of pixels.
        const values = new Set(before);
        return { share, isCut: changed.every((value) => values.has(value)) };
      }),
    );
    expect(new Set(shares.map(({ share }) => share)).size).toBeGreaterThan(35);
    const cut = shares.filter(({ isCut }) => isCut).length;
    expect(cut).toBeGreaterThan(8);
    expect(cut).toBeLessThan(32);
  });

  it('is right where the model names what the larger share is of', () => {
    const { model, variables } = smallNet('sgd');
    const correctAt = (share: number, flip: boolean): number =>
      tidy(() => {
        const { images, labels } = data.batch(Int32Array.from({ length: 50 }, (_, at) => at));
        const others = cast<typeof labels>(sub(9, labels), 'int32');
        const [first, second] = flip ? [others, labels] : [labels, others];
        const batch = { images, labels: first, mixed: { others: second, share: scalar(share) } };
        return lossAndGradients(model, variables, batch).correct.dataSync()[0]!;
      });
    expect(correctAt(0.2, false)).toBe(correctAt(0.8, true));
    expect(correctAt(0.2, true)).toBe(correctAt(0.8, false));
    expect(correctAt(0.2, true)).not.toBe(correctAt(0.2, false));
    variables.dispose();
  });
});
