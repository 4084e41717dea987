import { memory, tensor3d } from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';

import {
  decodeImage,
  decodeJpeg,
  decodePng,
  encodeJpeg,
  encodePng,
} from '../../../src/tensorflow/node/images.js';
import { nodeBackend } from '../../../src/tensorflow/node/node-backend.js';
import { toolkitError } from '../../support/errors.js';
import { startTensorFlow } from '../../support/training.js';

const SIZE = { width: 31, height: 17, channels: 3 } as const;
const PIXELS = Uint8Array.from({ length: 31 * 17 * 3 }, (_, index) => (index * 37) % 256);

beforeAll(async () => {
  await startTensorFlow();
});

const held = (): number[] => [memory().numTensors, nodeBackend().getNumOfTFTensors()];

describe('images', () => {
  it.each(['png', 'gif', 'jpeg'] as const)('a %s is decoded as sharp decodes it', async (format) => {
    const file = await sharp(PIXELS, { raw: SIZE })[format]().toBuffer();
    const expected = await sharp(file).removeAlpha().raw().toBuffer();
    const before = held();
    const image = decodeImage(file, 3, 'int32', false);
    expect([image.dtype, image.shape]).toEqual(['int32', [17, 31, 3]]);
    const values = [...image.dataSync()];
    // Decoders of JPEG may round differently.
    const tolerance = format === 'jpeg' ? 8 : 0;
    const furthest = values.reduce(
      (most, value, index) => Math.max(most, Math.abs(value - expected[index]!)),
      0,
    );
    expect(furthest).toBeLessThanOrEqual(tolerance);
    image.dispose();
    expect(held()).toEqual(before);
  });

  it('are encoded so that sharp reads them', async () => {
    const image = tensor3d(PIXELS, [17, 31, 3], 'int32');
    const png = await sharp(await encodePng(image))
      .raw()
      .toBuffer();
    expect(Uint8Array.from(png)).toEqual(PIXELS);
    const { width, height, format, density } = await sharp(
      await encodeJpeg(image, 'rgb', 90, false, false, true, 'in', 72, 72),
    ).metadata();
    expect({ width, height, format, density }).toEqual({
      width: 31,
      height: 17,
      format: 'jpeg',
      density: 72,
    });
    image.dispose();
  });

  it('are refused where they are damaged, and leave nothing behind', async () => {
    const file = await sharp(PIXELS, { raw: SIZE }).jpeg().toBuffer();
    const before = held();
    await toolkitError('TENSORFLOW_FAILED', () => decodeJpeg(file.subarray(0, 300)));
    await toolkitError('TENSORFLOW_FAILED', () => decodePng(file.subarray(0, 50)));
    await toolkitError('USAGE', () => decodeImage(new TextEncoder().encode('no image at all')));
    await toolkitError('TENSORFLOW_FAILED', encodePng(tensor3d([1, 2], [1, 1, 2]), 11));
    expect(nodeBackend().getNumOfTFTensors()).toBe(before[1]);
    const partial = decodeJpeg(file.subarray(0, file.length - 20), 3, 1, true, true, 0.1);
    expect(partial.shape).toEqual([17, 31, 3]);
    partial.dispose();
  });

  // Without its bytes freed, each decoding would leave two kilobytes: some 60 MB.
  it('leave no memory behind', { timeout: 120_000 }, async () => {
    const file = await sharp(PIXELS, { raw: SIZE }).png().toBuffer();
    const decodeMany = (count: number): number => {
      for (let index = 0; index < count; index++) decodePng(file).dispose();
      return process.memoryUsage().rss;
    };
    const before = decodeMany(5_000);
    expect(decodeMany(30_000) - before).toBeLessThan(32e6);
  });
});
