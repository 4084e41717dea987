import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { readCheckpoint } from '../../../src/artifacts/checkpoint.js';
import { loadFloats } from '../../../src/artifacts/safetensors.js';
import { collect, showDataset, train, type TrainOptions } from '../../../src/index.js';
import { toolkitError } from '../../support/errors.js';
import { expectClose } from '../../support/numbers.js';
import { drawings } from '../../support/small-drawings.js';

let places: { dataDir: string; checkpointsDir: string };

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mnist-train-test-'));
  places = { dataDir: folder, checkpointsDir: folder };
  const from = await drawings(join(folder, 'drawings'));
  for (const [dataset, channels] of [
    ['grey', 1],
    ['colour', 3],
  ] as const) {
    await collect({ dataset, from, dataDir: folder, size: 8, channels });
  }
  return () => rm(folder, { recursive: true, force: true });
});

const EVERYTHING = {
  ...{ augmentCrop: 2, augmentCropPadding: 'reflect', augmentSaturation: 0.4 },
  ...{ augmentHue: 0.2, augmentMixup: 0.4, augmentCutmix: 1 },
  ...{ loss: 'focal', classWeights: { lying: 1, standing: 3 } },
} satisfies TrainOptions;

function run(options: TrainOptions): ReturnType<typeof train> {
  return train({ threads: 1, ...places, ...options });
}

function started(name: string, options: TrainOptions): ReturnType<typeof train> {
  return run({ dataset: 'colour', hiddenLayers: [6], epochs: 2, run: name, ...EVERYTHING, ...options });
}

async function weightsOf({ folder }: Awaited<ReturnType<typeof train>>): Promise<Float32Array[]> {
  const { tensors } = await readCheckpoint(join(folder, 'last.safetensors'));
  return [...tensors.values()].map(loadFloats);
}

describe('images in colour', () => {
  it('are augmented and mixed alike in a run that is resumed, and eagerly', async () => {
    const whole = await started('whole', {});
    await started('halves', { stopAfter: 1 });
    const weights = await weightsOf(whole);
    expect(await weightsOf(await run({ resume: 'halves' }))).toEqual(weights);
    const eagerly = await weightsOf(await started('eager', { engine: 'eager' }));
    eagerly.forEach((values, at) => {
      expectClose(values, weights[at]!, 1e-3);
    });
  });
});

describe('refused', () => {
  it.each<[string, TrainOptions]>([
    ['--augment-hue: the images are grey', { augmentHue: 0.1 }],
    ['--augment-saturation: the images are grey', { augmentSaturation: 0.1 }],
    [
      '--augment-crop 8: with --augment-crop-padding reflect, images of 8×8 can be padded by 7',
      { augmentCrop: 8, augmentCropPadding: 'reflect' },
    ],
    ['augmentCropPadding has no effect without augmentCrop', { augmentCropPadding: 'edge' }],
    [
      'augmentRandaugmentMagnitude has no effect without augmentRandaugment',
      { augmentRandaugmentMagnitude: 3 },
    ],
  ])('%s', async (message, options) => {
    const error = await toolkitError('USAGE', run({ dataset: 'grey', ...options }));
    expect(error.message).toContain(message);
  });

  it('what would mix the images of a private run', async () => {
    for (const options of [{ augmentMixup: 0.2 }, { augmentCutmix: 1 }]) {
      const failure = run({ dataset: 'grey', private: true, noiseMultiplier: 2, ...options });
      expect((await toolkitError('PRIVACY_UNSUPPORTED', failure)).message).toContain(
        'mix the images of a batch',
      );
    }
  });

  it('colours on a contact sheet of grey images', async () => {
    const options = {
      dataDir: places.dataDir,
      augmentHue: 0.1,
      contactSheet: join(places.dataDir, 'sheet.png'),
    };
    await toolkitError('USAGE', showDataset('grey', options));
  });
});
