import { readFile } from 'node:fs/promises';

import { grad, square, sum, tensor1d, tensor4d, tidy, type Tensor4D } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

import type { ImageShape } from '../../../src/core/images.js';
import '../../../src/engine/tracing/gradients.js';
import { scattering } from '../../../src/models/features/scattering.js';
import { startOnCpu } from '../../support/backends.js';
import { toolkitError } from '../../support/errors.js';
import { expectClose } from '../../support/numbers.js';

interface Case {
  shape: ImageShape;
  options: Record<string, number>;
  pixels: string;
  size: [channels: number, height: number, width: number];
  values: string;
}

const { cases } = JSON.parse(
  await readFile(new URL('../../fixtures/scattering.json', import.meta.url), 'utf8'),
) as { cases: Case[] };

const unit = (pixels: string): number[] => [...Buffer.from(pixels, 'base64')].map((pixel) => pixel / 255);
const floats = (values: string): Float32Array =>
  new Float32Array(new Uint8Array(Buffer.from(values, 'base64')).buffer);

for (const backend of ['cpu', 'tensorflow'] as const) {
  describe(`the scattering transform on the backend ${backend}`, () => {
    it.each(cases)(
      '$shape, $options: as Kymatio computes it',
      async ({ shape, options, pixels, size, values }) => {
        await startOnCpu(backend);
        const { height, width } = shape;
        const extractor = scattering.build(
          scattering.options.parse({ ...options, scatteringGroups: 0 }),
          shape,
        )!;
        const expected = floats(values);
        expect(extractor.size).toBe(expected.length);
        const image = unit(pixels);
        const upside = image.toReversed();
        const both = tidy(() =>
          extractor
            .apply(tensor4d([...upside, ...image], [2, height, width, 1]), new Map())
            .dataSync<'float32'>(),
        );
        expectClose(both.subarray(expected.length), expected, 2e-6);
        expect(size.reduce((product, side) => product * side)).toBe(expected.length);
      },
    );
  });
}

describe('scattering features', () => {
  const [{ shape, pixels, values }] = cases as [Case];

  it('are normalised in groups, for each image by itself', async () => {
    await startOnCpu('cpu');
    const extractor = scattering.build(scattering.options.parse({}), shape)!;
    const image = unit(pixels);
    // The second image is scaled to −1…1: only the mean brightness, which is in the first group, knows where 0 lies.
    const inputs = [...image, ...image.map((pixel) => 2 * pixel - 1), ...image.map(() => 0)];
    const found = tidy(() =>
      extractor.apply(tensor4d(inputs, [3, 28, 28, 1]), new Map()).dataSync<'float32'>(),
    );
    const raw = floats(values);
    const size = 3 * 49;
    const normalized = (factor: number): Float32Array =>
      raw.map((value, at) => {
        const start = Math.floor(at / size) * size;
        const group = raw.subarray(start, start + size).map((other) => factor * other);
        const mean = group.reduce((sum, other) => sum + other, 0) / size;
        const variance = group.reduce((sum, other) => sum + (other - mean) ** 2, 0) / size;
        return (factor * value - mean) / Math.sqrt(variance + 1e-5);
      });
    expectClose(found.subarray(0, raw.length), normalized(1), 1e-4);
    expectClose(found.subarray(raw.length + size, 2 * raw.length), normalized(2).subarray(size), 1e-4);
    expect(Math.max(...found.subarray(2 * raw.length).map(Math.abs))).toBeLessThan(1e-3);
  });

  it('of several colours are those of each', async () => {
    await startOnCpu('cpu');
    const options = scattering.options.parse({ scatteringGroups: 0 });
    const image = unit(pixels);
    const planes = [image, image.map((pixel) => pixel / 2), image.map(() => 0)];
    const colours = image.flatMap((_, at) => planes.map((plane) => plane[at]!));
    const extractor = scattering.build(options, { ...shape, channels: 3 })!;
    const found = tidy(() =>
      extractor.apply(tensor4d(colours, [1, 28, 28, 3]), new Map()).dataSync<'float32'>(),
    );
    const raw = floats(values);
    expect(found).toHaveLength(3 * raw.length);
    expectClose(found.subarray(0, raw.length), raw, 2e-6);
    expectClose(
      found.subarray(raw.length, 2 * raw.length),
      raw.map((value) => value / 2),
      2e-6,
    );
  });

  it('have finite derivatives, on blank images too', async () => {
    await startOnCpu('cpu');
    const extractor = scattering.build(scattering.options.parse({}), shape)!;
    const slope = tidy(() =>
      grad((images) => sum(square(extractor.apply(images as Tensor4D, new Map()))))(
        tensor4d(new Float32Array(784), [1, 28, 28, 1]),
      ).dataSync<'float32'>(),
    );
    expect(slope.every(Number.isFinite)).toBe(true);
  });

  it('choose groups of equal size', () => {
    const described = (channels: number, groups: number): string =>
      scattering.build(scattering.options.parse({ scatteringGroups: groups }), { ...shape, channels })!
        .description;
    expect(described(1, 27)).toBe('scattering of 81 channels of 7×7 in 27 groups');
    expect(described(1, 26)).toContain('in 9 groups');
    expect(described(3, 1024)).toContain('243 channels of 7×7 in 243 groups');
    expect(described(1, 0)).toBe('scattering of 81 channels of 7×7');
  });

  it('have their mean subtracted where it was estimated, of which the norm is bounded', async () => {
    await startOnCpu('cpu');
    const plain = scattering.build(scattering.options.parse({}), shape)!;
    const centred = scattering.build(scattering.options.parse({ scatteringMeanNoise: 8 }), shape)!;
    const mean = Float32Array.from({ length: centred.size }, (_, at) => Math.sin(at));
    const found = tidy(() => {
      const images = tensor4d(unit(pixels), [1, 28, 28, 1]);
      const values = new Map([['scattering/mean', tensor1d(mean)]]);
      return [plain.apply(images, new Map()), centred.apply(images, values)].map((features) =>
        features.dataSync<'float32'>(),
      );
    });
    expectClose(
      found[1]!,
      found[0]!.map((value, at) => value - mean[at]!),
      1e-5,
    );
    const { largestNorm, ...rest } = centred.centering!;
    expect(rest).toEqual({ parameter: 'scattering/mean', noiseMultiplier: 8 });
    expect(largestNorm).toBe(Math.sqrt(81 * 49));
    expect(Math.hypot(...found[0]!)).toBeLessThan(largestNorm);
    const unbounded = { scatteringMeanNoise: 8, scatteringGroups: 0 };
    const error = await toolkitError('USAGE', () =>
      scattering.build(scattering.options.parse(unbounded), shape),
    );
    expect(error.message).toContain('--scattering-groups');
  });

  it.each([
    [{ height: 4, width: 28, channels: 1 }, '4×28'],
    [{ height: 28, width: 65, channels: 1 }, '28×65'],
  ])('of images that do not fit are refused: %o', async (size, named) => {
    const error = await toolkitError('USAGE', () => scattering.build(scattering.options.parse({}), size));
    expect(error.message).toContain(named);
  });
});
