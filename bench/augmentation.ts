// Measures what each kind of augmentation costs in a compiled step, on one core:
//   node scripts/run-bench.mjs augmentation [DATA_FOLDER]
import { cast, mean, sum, type Scalar } from '@tensorflow/tfjs-core';

import { findPrepared } from '../src/artifacts/prepared.js';
import { augmentation, type Augmentation } from '../src/models/augmentation/augment.js';
import { augmentationFields, type AugmentationOptions } from '../src/models/augmentation/options.js';
import { startBackend } from '../src/engine/backends/start.js';
import { silentContext } from '../src/core/events.js';
import { CompiledTraining } from '../src/engine/running/compiled-training.js';
import { placeOnDevice } from '../src/engine/running/device-images.js';
import { allIndices } from '../src/core/images.js';
import type { TrainingStep } from '../src/engine/running/program.js';
import { stepRandomness } from '../src/engine/tracing/randomness.js';
import { z } from 'zod';

const [dataDir = 'data'] = process.argv.slice(2);
const ROUNDS = 3;
const schema = z.object(augmentationFields);
const kinds: Record<string, Partial<AugmentationOptions>> = {
  'shift 2': { augmentShift: 2 },
  'shift 2, rotation 10, scale 0.1, shear 5': {
    ...{ augmentShift: 2, augmentRotation: 10, augmentScale: 0.1, augmentShear: 5 },
  },
  'elastic 1.5': { augmentElastic: 1.5 },
  'all of these': {
    augmentShift: 2,
    augmentRotation: 10,
    augmentScale: 0.1,
    augmentShear: 5,
    augmentElastic: 1.5,
  },
  'thickness 0.7': { augmentThickness: 0.7 },
  'erasing 0.5': { augmentErasing: 0.5 },
  'crop 4': { augmentCrop: 4, augmentCropPadding: 'reflect' },
  'RandAugment 2': { augmentRandaugment: 2 },
  'blur 1': { augmentBlur: 1 },
};

const request = { device: 'cpu', threads: 1, runtime: undefined, environment: process.env } as const;
await startBackend('tensorflow', request, silentContext());
const data = await findPrepared(dataDir, 'mnist');
if (!data) throw new Error(`no prepared MNIST in ${dataDir}`);
const images = placeOnDevice(data.train, { scale: 2 / 255, offset: -1 });

/** Fetches, scales and augments a batch, and adds it up. */
function step(augment: Augmentation | undefined): TrainingStep {
  return (batch, coefficients) => {
    const randomness = stepRandomness(1, coefficients['stepNumber']!);
    const changed = augment ? augment(batch.images, randomness) : batch.images;
    return { loss: mean<Scalar>(changed), correct: sum<Scalar>(cast(batch.labels, 'int32')) };
  };
}

/** Processor time, in microseconds an image; the best of some rounds. */
async function measure(augment: Augmentation | undefined): Promise<number> {
  const program = new CompiledTraining(step(augment), images);
  const run = (): Promise<number> =>
    program.run({
      order: allIndices(20_000),
      batchSize: 100,
      firstBatch: 0,
      coefficients: (batch) => ({ stepNumber: batch + 1 }),
      signal: new AbortController().signal,
      onSlice: () => undefined,
    });
  const times: number[] = [];
  await run();
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 20_000);
  }
  program.dispose();
  return Math.min(...times);
}

const bare = await measure(undefined);
process.stdout.write(`fetching and scaling alone: ${bare.toFixed(1)} µs an image\n`);
for (const [name, options] of Object.entries(kinds)) {
  const cost = (await measure(augmentation(schema.parse(options), images.scaling))) - bare;
  process.stdout.write(`${name}: ${cost.toFixed(1)} µs an image\n`);
}
images.dispose();
