import { createCipheriv } from 'node:crypto';

import { scalar, tidy, type Scalar } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CompiledTraining } from '../../../src/engine/running/compiled-training.js';
import type { DeviceImages } from '../../../src/engine/running/device-images.js';
import { eagerTraining } from '../../../src/engine/running/eager.js';
import type { Coefficients, TrainingProgram } from '../../../src/engine/running/program.js';
import { stepRandomness } from '../../../src/engine/tracing/randomness.js';
import { cnnSmall } from '../../../src/models/cnn-small.js';
import { TrainingVariables } from '../../../src/models/variables.js';
import { crossEntropy } from '../../../src/training/losses/cross-entropy.js';
import { PrivateEpochs } from '../../../src/training/privacy/private-epochs.js';
import {
  lossLimit,
  privateGradients,
  type PrivateStep,
} from '../../../src/training/privacy/private-gradients.js';
import type { FillRandomly } from '../../../src/training/privacy/secret-random.js';
import { secretsOf } from '../../../src/training/privacy/secrets.js';
import { lossAndGradients, stepCoefficients } from '../../../src/training/step.js';
import { startOnCpu } from '../../support/backends.js';
import { toolkitError } from '../../support/errors.js';
import {
  mnistImages,
  relativeDifference,
  smallNet,
  startTensorFlow,
  valuesOf,
} from '../../support/training.js';

/** The same random bytes for each that is made with the same number. */
function repeatable(seed: number): FillRandomly {
  const cipher = createCipheriv('aes-128-ctr', new Uint8Array(16).fill(seed), new Uint8Array(16));
  return (bytes) => {
    bytes.set(cipher.update(new Uint8Array(bytes.length)));
  };
}

const settings = (more: Partial<PrivateStep> = {}): PrivateStep => ({
  ...{ clipNorm: 0.5, noiseMultiplier: 0.8, batchSize: 50, lossLimit: lossLimit(10, undefined) },
  losses: crossEntropy.build({ labelSmoothing: 0 }, undefined),
  ...more,
});

const training = Int32Array.from({ length: 400 }, (_, index) => index);
let images: DeviceImages;

const scalars = (values: Coefficients<number>): Coefficients<Scalar> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, scalar(value, 'float32')]));

describe('a private step', () => {
  beforeAll(async () => {
    await startTensorFlow();
    images = await mnistImages();
  });
  afterAll(() => {
    images.dispose();
  });

  it.each(['sgd', 'adam'])('compiled equals eager, with the same secrets: %s', async (optimizer) => {
    const trained = async (make: (net: ReturnType<typeof smallNet>) => TrainingProgram) => {
      const net = smallNet(optimizer, optimizer === 'adam' ? { epsilon: 1e-4 } : {}, { privacy: settings() });
      const program = make(net);
      const epochs = new PrivateEpochs(program, training, { batchSize: 50, threads: 2, fill: repeatable(7) });
      const [losses, correct]: [number[], number[]] = [[], []];
      const done = await epochs.run(1, {
        firstBatch: 0,
        coefficients: (batch) => stepCoefficients(net.optimizer, batch + 1, 0.01),
        signal: new AbortController().signal,
        onSlice: (slice) => {
          losses.push(...slice.losses);
          correct.push(...slice.correct);
        },
      });
      expect([done, epochs.batches, epochs.batchImages()]).toEqual([8, 8, 50]);
      const values = await valuesOf(net.variables);
      program.dispose();
      net.variables.dispose();
      return { losses, correct, values };
    };
    const eager = await trained(({ step }) => eagerTraining(step, images));
    for (const plan of [{}, { shards: 2, schedulingThreads: 2 }]) {
      const compiled = await trained(({ step }) => new CompiledTraining(step, images, plan));
      expect(
        relativeDifference(Float32Array.from(compiled.losses), Float32Array.from(eager.losses)),
      ).toBeLessThan(1e-5);
      expect(compiled.correct).toEqual(eager.correct);
      for (const [name, values] of eager.values) {
        expect(relativeDifference(compiled.values.get(name)!, values), name).toBeLessThan(1e-5);
      }
    }
  });

  it('uses other secrets each time, whatever the seed', async () => {
    const weights = async () => {
      const net = smallNet('sgd', {}, { privacy: settings() });
      const program = eagerTraining(net.step, images);
      const coefficients = () => stepCoefficients(net.optimizer, 1, 0.01);
      const options = {
        firstBatch: 7,
        coefficients,
        signal: new AbortController().signal,
        onSlice: () => undefined,
      };
      await new PrivateEpochs(program, training, { batchSize: 50, threads: 1 }).run(1, options);
      const values = [...(await valuesOf(net.variables)).values()];
      net.variables.dispose();
      return values;
    };
    expect(relativeDifference((await weights())[0]!, (await weights())[0]!)).toBeGreaterThan(1e-4);
  });

  it('batch normalisation is refused with advice', async () => {
    const shape = { height: 28, width: 28, channels: 1 };
    const model = cnnSmall.build(cnnSmall.options.parse({ filters: [4] }), { shape, classes: 10 });
    const variables = new TrainingVariables(model, [], 1);
    const run = Promise.resolve().then(() => {
      tidy(() => {
        const batch = images.batch(training.subarray(0, 4));
        privateGradients(
          model,
          variables,
          batch,
          stepRandomness(1, scalar(1)),
          scalars(secretsOf(4, repeatable(1))),
          settings(),
        );
      });
    });
    expect((await toolkitError('PRIVACY_UNSUPPORTED', run)).hint).toContain('--normalization group');
    variables.dispose();
  });
});

for (const backend of ['tensorflow', 'cpu']) {
  describe(`the gradients of a private step, on ${backend}`, () => {
    beforeAll(async () => {
      await startOnCpu(backend);
      images = await mnistImages();
    });
    afterAll(() => {
      images.dispose();
    });

    const COUNT = 20;
    const FILLED = 32;

    interface Found {
      /** Of the gradients, in one vector. */
      sums: Float32Array;
      loss: number;
      correct: number;
    }

    function found(of: Partial<PrivateStep>, filler: number, seed = 1): Found {
      const { model, variables } = smallNet('sgd');
      const indices = new Int32Array(FILLED).fill(filler);
      indices.set(training.subarray(0, COUNT));
      let result: Found | undefined;
      tidy(() => {
        const step = settings(of);
        const { loss, correct, gradients } = privateGradients(
          ...([model, variables, images.batch(indices), stepRandomness(1, scalar(1))] as const),
          scalars(secretsOf(COUNT, repeatable(seed))),
          step,
        );
        const sums = Float32Array.from(
          variables.trained.flatMap(({ value }) =>
            [...gradients[value.name]!.dataSync()].map((part) => part * step.batchSize),
          ),
        );
        result = { sums, loss: loss.dataSync()[0]!, correct: correct.dataSync()[0]! };
      });
      variables.dispose();
      return result!;
    }

    it('without noise and clipping are those of ordinary training, divided by the expected size', () => {
      const { model, variables } = smallNet('sgd');
      const calm = { noiseMultiplier: 0, clipNorm: 1e6 };
      const { sums, loss, correct } = found(calm, 300);
      tidy(() => {
        const ordinary = lossAndGradients(model, variables, images.batch(training.subarray(0, COUNT)));
        const wanted = variables.trained.flatMap(({ value }) =>
          [...ordinary.gradients[value.name]!.dataSync()].map((part) => part * COUNT),
        );
        expect(relativeDifference(sums, Float32Array.from(wanted))).toBeLessThan(1e-5);
        expect(loss).toBeCloseTo((ordinary.loss.dataSync()[0]! * COUNT) / 50, 4);
        expect(correct).toBe(ordinary.correct.dataSync()[0]);
        ordinary.correct.dispose();
      });
      variables.dispose();
      // What fills the batch changes nothing.
      expect(relativeDifference(found(calm, 301).sums, sums)).toBeLessThan(1e-6);
    });

    it('have noise of the multiplier times what an image can change, other noise with another key', () => {
      const calm = found({ noiseMultiplier: 0 }, 300);
      const noise = (seed: number): Float32Array =>
        found({}, 300, seed).sums.map((sum, at) => sum - calm.sums[at]!);
      const [first, second] = [noise(1), noise(2)];
      const deviation = 0.8 * 0.5 * Math.hypot(1, 0.1);
      // The 25,818 values of a normal sample, within six standard errors.
      const { length } = first;
      const mean = first.reduce((sum, value) => sum + value, 0) / length;
      const variance = first.reduce((sum, value) => sum + value ** 2, 0) / length;
      const together = first.reduce((sum, value, at) => sum + value * second[at]!, 0) / length;
      expect(Math.abs(mean)).toBeLessThan((6 * deviation) / Math.sqrt(length));
      expect(Math.abs(variance / deviation ** 2 - 1)).toBeLessThan(6 * Math.sqrt(2 / length));
      expect(Math.abs(together / deviation ** 2)).toBeLessThan(6 / Math.sqrt(length));
      const within = first.filter((value) => Math.abs(value) < deviation).length / length;
      expect(Math.abs(within - 0.6827)).toBeLessThan(0.02);
    });
  });
}
