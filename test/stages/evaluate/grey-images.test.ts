import { join } from 'node:path';

import sharp from 'sharp';
import { expect, it } from 'vitest';

import { collect, embed, evaluate, explain, predict, train } from '../../../src/index.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { DRAWING_SIDE, drawings, drawnPixels } from '../../support/small-drawings.js';

it('a model in colour takes grey images, with their value in each channel; one for grey takes none in colour', async () => {
  const place = await temporaryFolder();
  const from = await drawings(join(place, 'drawings'));
  const places = { dataDir: join(place, 'data'), checkpointsDir: join(place, 'runs') };
  const common = { ...places, threads: 1 };
  for (const [dataset, channels] of [
    ['grey', 1],
    ['colour', 3],
  ] as const) {
    await collect({ dataset, from, channels, dataDir: common.dataDir });
    await train({
      ...common,
      dataset,
      run: dataset,
      model: 'mlp',
      hiddenLayers: [4],
      epochs: 1,
      validationSplit: 0.3,
    });
  }

  const scored = async (dataset: string): Promise<unknown> => {
    const { accuracy, loss, confusion } = await evaluate('colour', { ...common, dataset });
    return { accuracy, loss, confusion };
  };
  expect(await scored('grey')).toEqual(await scored('colour'));
  const explained = async (dataset: string): Promise<unknown> => {
    const [first] = (await explain('colour', [], { ...common, dataset, index: [0] })).explanations;
    return first;
  };
  expect(await explained('grey')).toMatchObject({ picture: 'grey test 0' });
  const { size } = await embed('colour', { ...common, dataset: 'grey', output: join(place, 'all.npy') });
  expect(size).toBeGreaterThan(0);

  const raw = { width: DRAWING_SIDE, height: DRAWING_SIDE, channels: 1 } as const;
  const grey = await sharp(drawnPixels(0, 3), { raw }).toColourspace('b-w').png().toBuffer();
  const colour = await sharp(grey).toColourspace('srgb').png().toBuffer();
  expect((await sharp(grey).metadata()).channels).toBe(1);
  expect((await sharp(colour).metadata()).channels).toBe(3);
  const pictures = [grey, colour].map((bytes) => ({ name: 'a', read: () => Promise.resolve(bytes) }));
  const { predictions, failures } = await predict('colour', pictures, {
    checkpointsDir: common.checkpointsDir,
    threads: 1,
  });
  expect(failures).toEqual([]);
  expect(predictions[0]).toEqual(predictions[1]);

  const refusal = await toolkitError(
    'CHECKPOINT_REFUSED',
    evaluate('grey', { ...common, dataset: 'colour' }),
  );
  expect(refusal.message).toContain('trained on images of 28×28×1, and colour has 28×28×3');
});
