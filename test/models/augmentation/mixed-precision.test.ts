import { variable, zeros } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { z } from 'zod';

import { augmentation } from '../../../src/models/augmentation/augment.js';
import { augmentationFields } from '../../../src/models/augmentation/options.js';
import { startBackend } from '../../../src/engine/backends/start.js';
import { silentContext } from '../../../src/core/events.js';
import { trainingProgram, type ExecutionMode } from '../../../src/engine/running/prepare.js';
import { stepCoefficients, trainingStep } from '../../../src/training/step.js';
import { cpuRequest } from '../../support/backends.js';
import { expectClose } from '../../support/numbers.js';
import { mnistImages, run, smallNet } from '../../support/training.js';
import type { Coefficients } from '../../../src/engine/running/program.js';
import { tensorFlowContext } from '../../../src/tensorflow/backend/tfjs-backend.js';
import { hasMixedPrecision } from '../../../src/tensorflow/c-api/mixed-precision.js';

const IMAGES = 100;

/** Whether mixed precision changes what this machine computes: where it does not, both steps are float32's. */
async function isMixed(): Promise<boolean> {
  const { api, config } = tensorFlowContext();
  return config.mixedPrecision === true && (await hasMixedPrecision(api, config));
}

it.each([
  ['shift', { augmentShift: 3 }],
  ['rotation', { augmentRotation: 20 }],
  ['scale', { augmentScale: 0.3 }],
  ['shear', { augmentShear: 15 }],
  ['elastic', { augmentElastic: 1.5 }],
  ['thickness', { augmentThickness: 0.8 }],
  ['erasing', { augmentErasing: 0.9 }],
  ['flips', { augmentFlipHorizontal: 0.5, augmentFlipVertical: 0.5 }],
  ['light', { augmentBrightness: 0.5, augmentContrast: 0.5 }],
  ['a crop and a blur', { augmentCrop: 3, augmentBlur: 1.5 }],
  ['RandAugment', { augmentRandaugment: 2 }],
  ['all', { augmentShift: 2, augmentRotation: 10, augmentElastic: 1, augmentErasing: 0.5 }],
])('a mixed step trains on the images that a float32 one makes: %s', async (_, given) => {
  // Only compiled programs are rewritten for mixed precision: eager operations compute as they are called.
  await startBackend('tensorflow', cpuRequest({ mixedPrecision: true }), silentContext());
  const data = await mnistImages();
  const made = augmentation(z.object(augmentationFields).parse(given), data.scaling)!;
  const changedBy = async (mode: ExecutionMode): Promise<{ images: Float32Array; weights: Float32Array }> => {
    const { model, optimizer, variables } = smallNet('sgd');
    const seen = variable(zeros([IMAGES, 28, 28, 1]));
    const step = trainingStep(model, optimizer, variables, {
      augment: (images, randomness) => {
        const changed = made(images, randomness);
        seen.assign(changed);
        return changed;
      },
    });
    const program = trainingProgram(step, data, mode);
    const coefficients = (batch: number): Coefficients<number> =>
      stepCoefficients(optimizer, batch + 1, 0.01);
    await run(program, { model, optimizer, variables, step }, IMAGES, { coefficients });
    program.dispose();
    const weights = await variables.trained[0]!.value.data<'float32'>();
    return { images: await seen.data<'float32'>(), weights };
  };
  const [mixed, float32] = [await changedBy('compiled'), await changedBy('eager')];
  // Rounded to 16 bits, the value of a pixel is off by 1/512 at most; coordinates would be by 1/16, and pixels by as much.
  expectClose(mixed.images, float32.images, 0, 0.008);
  expectClose(mixed.weights, float32.weights, 0, 0.01);
  data.dispose();
});

it('a mixed step on a focal, weighted loss trains as a float32 one', async () => {
  await startBackend('tensorflow', cpuRequest({ mixedPrecision: true }), silentContext());
  const data = await mnistImages();
  const classWeights = Array.from({ length: 10 }, (_, label) => 1 + label);
  const weightsAfter = async (mode: ExecutionMode): Promise<Float32Array> => {
    const net = smallNet('sgd', {}, { focalGamma: 2, classWeights });
    const program = trainingProgram(net.step, data, mode);
    await run(program, net, IMAGES);
    program.dispose();
    return net.variables.trained[0]!.value.data<'float32'>();
  };
  expectClose(await weightsAfter('compiled'), await weightsAfter('eager'), 0, 0.01);
  data.dispose();
});

it('a mixed step computes products in 16 bits, where the machine can', async (context) => {
  await startBackend('tensorflow', cpuRequest({ mixedPrecision: true }), silentContext());
  if (!(await isMixed())) context.skip('mixed precision has no effect on this machine');
  const data = await mnistImages();
  const weightsAfterStep = async (mixedPrecision: boolean): Promise<Float32Array> => {
    await startBackend('tensorflow', cpuRequest({ mixedPrecision }), silentContext());
    const net = smallNet('sgd');
    const program = trainingProgram(net.step, data, 'compiled');
    await run(program, net, IMAGES);
    program.dispose();
    return net.variables.trained[0]!.value.data<'float32'>();
  };
  const [float32, mixed] = [await weightsAfterStep(false), await weightsAfterStep(true)];
  expect(mixed).not.toEqual(float32);
  expectClose(mixed, float32, 0, 0.01);
  data.dispose();
});
