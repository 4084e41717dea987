import { memory, scalar, tidy } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

import { augmentation, type Augmentation } from '../../../src/models/augmentation/augment.js';
import { augmentationFields, type AugmentationOptions } from '../../../src/models/augmentation/options.js';
import { CompiledTraining } from '../../../src/engine/running/compiled-training.js';
import { allIndices } from '../../../src/core/images.js';
import type { DeviceImages } from '../../../src/engine/running/device-images.js';
import { eagerTraining } from '../../../src/engine/running/eager.js';
import type { RunOptions } from '../../../src/engine/running/program.js';
import { stepRandomness } from '../../../src/engine/tracing/randomness.js';
import { stepCoefficients, trainingStep } from '../../../src/training/step.js';
import {
  joined,
  mnistImages,
  run,
  smallNet,
  startTensorFlow,
  valuesOf,
  type TrainingParts,
} from '../../support/training.js';
import { expectClose } from '../../support/numbers.js';

const everything: Partial<AugmentationOptions> = {
  augmentShift: 2,
  augmentRotation: 10,
  augmentScale: 0.1,
  augmentShear: 5,
  augmentErasing: 0.5,
};
const kinds: [string, Partial<AugmentationOptions>][] = [
  ['an affine map and erasing', everything],
  ['an elastic distortion as well', { ...everything, augmentElastic: 1 }],
  ['other strokes as well', { ...everything, augmentThickness: 0.7 }],
  [
    'flips and another light',
    {
      augmentFlipHorizontal: 0.5,
      augmentFlipVertical: 0.5,
      augmentBrightness: 0.4,
      augmentContrast: 0.4,
    },
  ],
  [
    'a crop, RandAugment and a blur',
    { augmentCrop: 3, augmentCropPadding: 'reflect', augmentRandaugment: 2, augmentBlur: 1 },
  ],
];

let images: DeviceImages;

beforeAll(async () => {
  await startTensorFlow();
  images = await mnistImages();
});

afterAll(() => {
  images.dispose();
});

function made(options: Partial<AugmentationOptions>): Augmentation | undefined {
  return augmentation(z.object(augmentationFields).parse(options), images.scaling);
}

/** A small net whose training images are changed before each step. */
function augmented(options: Partial<AugmentationOptions>): TrainingParts {
  const parts = smallNet('momentum');
  return {
    ...parts,
    step: trainingStep(parts.model, parts.optimizer, parts.variables, { augment: made(options) }),
  };
}

/** Coefficients with the step's number, as training gives them. */
function numbered({ optimizer }: TrainingParts): Pick<RunOptions, 'coefficients'> {
  return { coefficients: (batch) => stepCoefficients(optimizer, batch + 1, 0.01) };
}

/** The bytes of all variables after so many images, from the first batch or from another. */
async function trained(
  options: Partial<AugmentationOptions>,
  stops: readonly number[],
): Promise<{ values: Map<string, Float32Array>; losses: number[] }> {
  const parts = augmented(options);
  const losses: number[] = [];
  let firstBatch = 0;
  for (const stop of stops) {
    // A new program each time, as after a restart.
    const program = new CompiledTraining(parts.step, images);
    const order = allIndices(stop * 100);
    const { slices } = await run(program, parts, 0, { ...numbered(parts), order, firstBatch });
    losses.push(...joined(slices).losses);
    firstBatch = stop;
    program.dispose();
  }
  const values = await valuesOf(parts.variables);
  parts.variables.dispose();
  return { values, losses };
}

it('options at zero ask for nothing', () => {
  expect(made({})).toBeUndefined();
});

describe.each(kinds)('%s', (_, options) => {
  it('is another one for each image and each step, and the same one for the same seed', () => {
    const apply = made(options)!;
    const draw = (seed: number, step: number): Float32Array =>
      tidy(() => {
        const same = images.batch(new Int32Array(8).fill(7)).images;
        return apply(same, stepRandomness(seed, scalar(step))).dataSync<'float32'>();
      });
    const first = draw(1, 1);
    expect(draw(1, 1)).toEqual(first);
    const size = 28 * 28;
    const others = [draw(1, 2), draw(2, 1)].map((pixels) => pixels.subarray(0, size));
    for (let image = 1; image < 8; image++) others.push(first.subarray(image * size, (image + 1) * size));
    for (const other of others) expect(other).not.toEqual(first.subarray(0, size));
    expect(first.every((value) => value >= -1.0001 && value <= 1.0001)).toBe(true);
  });

  it('gives compiled what it gives eager, whole or in shards, and leaves no tensor behind', async () => {
    const eager = augmented(options);
    const before = memory().numTensors;
    const eagerly = eagerTraining(eager.step, images);
    const expected = await run(eagerly, eager, 300, numbered(eager));
    eagerly.dispose();
    expect(memory().numTensors).toBe(before);
    for (const plan of [
      { shards: 1, schedulingThreads: 1 },
      { shards: 4, schedulingThreads: 2 },
    ]) {
      const compiled = augmented(options);
      const program = new CompiledTraining(compiled.step, images, plan);
      const actual = await run(program, compiled, 300, numbered(compiled));
      program.dispose();
      expectClose(joined(actual.slices).losses, joined(expected.slices).losses, 1e-4);
    }
  });

  it('draws the same when training is repeated, and when it is interrupted and goes on', async () => {
    const whole = await trained(options, [6]);
    const again = await trained(options, [6]);
    const continued = await trained(options, [2, 6]);
    expect(again).toEqual(whole);
    expect(continued).toEqual(whole);
    expect((await trained({}, [6])).losses).not.toEqual(whole.losses);
  });
});
