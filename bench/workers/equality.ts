import { z } from 'zod';

import { silentContext } from '../../src/core/events.js';
import { Random } from '../../src/core/random.js';
import { startBackend } from '../../src/engine/backends/start.js';
import { placeOnDevice, type DeviceImages } from '../../src/engine/running/device-images.js';
import { augmentation } from '../../src/models/augmentation/augment.js';
import { augmentationFields } from '../../src/models/augmentation/options.js';
import { models } from '../../src/models/index.js';
import { optimizers } from '../../src/training/optimizers/index.js';
import { trainBoth, type SharedNet } from '../../test/support/shared-training.js';

/** A net that is trained in one process with two shards, and by two workers. */
interface Case extends SharedNet {
  readonly name: string;
}

/** Two batches of 8, and one of 3, which every worker computes as a whole. */
const IMAGES = 19;
const BATCH = 8;
const scaling = { scale: 2 / 255, offset: -1 };

/** The options of models that have none which fit all. */
const MODEL_OPTIONS: Record<string, Record<string, unknown>> = {
  stack: {
    layers: [
      { type: 'convolution', filters: 4, kernelSize: 3 },
      { type: 'max-pooling' },
      { type: 'flatten' },
      { type: 'dense', units: 8 },
      { type: 'dropout', rate: 0.25 },
    ],
  },
  graph: {
    nodes: [
      { type: 'flatten', name: 'flat' },
      { type: 'dense', name: 'logits', units: 'classes' },
    ],
  },
};

/** A value of each augmentation that changes images. */
const AUGMENTATIONS: Record<string, unknown> = {
  augmentShift: 2,
  augmentRotation: 10,
  augmentScale: 0.1,
  augmentShear: 10,
  augmentElastic: 2,
  augmentThickness: 0.5,
  augmentCrop: 2,
  augmentFlipHorizontal: 0.5,
  augmentFlipVertical: 0.5,
  augmentRandaugment: 2,
  augmentBrightness: 0.3,
  augmentContrast: 0.3,
  augmentSaturation: 0.3,
  augmentHue: 0.1,
  augmentBlur: 1,
  augmentErasing: 0.5,
};

/** Every model, every optimiser with the MLP, and every augmentation with a small convolutional net. */
function allCases(): Case[] {
  const shared = { isShared: true };
  const ofModels = models.names.map((model) => {
    return { name: `model ${model}`, model, options: MODEL_OPTIONS[model] ?? {}, settings: shared };
  });
  const ofOptimizers = optimizers.names.map((optimizer) => ({ name: `optimizer ${optimizer}`, optimizer }));
  const ofAugmentations = Object.entries(AUGMENTATIONS).map(([option, value]) => {
    const options = z.strictObject(augmentationFields).parse({ [option]: value });
    const settings = { ...shared, augment: augmentation(options, scaling) };
    return { name: option, model: 'cnn-small', options: { filters: [3, 4, 4] }, settings };
  });
  return [...ofModels, ...ofOptimizers, ...ofAugmentations];
}

/** Compares the weights of all cases. Returns the names of those that differ. */
export async function compareAll(say: (text: string) => void, only = /./): Promise<string[]> {
  const request = { device: 'cpu', threads: 1, runtime: undefined, environment: process.env } as const;
  await startBackend('tensorflow', request, silentContext());
  const images = colourNoise();
  const different: string[] = [];
  for (const each of allCases().filter(({ name }) => only.test(name))) {
    const { largest } = await trainBoth(each, images, 2, { batchSize: BATCH });
    say(`${each.name}: ${largest === 0 ? 'equal' : `differs by up to ${largest}`}`);
    if (largest !== 0) different.push(each.name);
  }
  images.dispose();
  return different;
}

function colourNoise(): DeviceImages {
  const random = new Random(1, 'noise');
  const shape = { height: 28, width: 28, channels: 3 };
  const pixels = Uint8Array.from({ length: IMAGES * 28 * 28 * 3 }, () => random.integer(256));
  const labels = Uint8Array.from({ length: IMAGES }, () => random.integer(10));
  return placeOnDevice({ count: IMAGES, shape, pixels, labels }, scaling);
}
