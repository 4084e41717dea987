import { readFile } from 'node:fs/promises';

import { tensor, tensor4d, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { startBackend } from '../../../src/engine/backends/start.js';
import { silentContext } from '../../../src/core/events.js';
import type { LabelledImages } from '../../../src/core/images.js';
import { pca } from '../../../src/models/features/pca.js';
import { toolkitError } from '../../support/errors.js';

interface Fixture {
  side: number;
  components: number;
  count: number;
  pixels: string;
  variances: number[];
  projected: number[][];
  whitened: number[][];
}

const { pca: fixture } = JSON.parse(
  await readFile(new URL('../../fixtures/features.json', import.meta.url), 'utf8'),
) as { pca: Fixture };
const { side, components, count } = fixture;
const shape = { height: side, width: side, channels: 1 };
const images: LabelledImages = {
  count,
  shape,
  pixels: Uint8Array.from(Buffer.from(fixture.pixels, 'base64')),
  labels: new Uint8Array(count),
};
const scaling = { scale: 1 / 255, offset: 0 };
const indices = Int32Array.from({ length: count }, (_, index) => index);

/** The first images, projected. */
function project(pcaWhiten: boolean, rows: number): Float32Array {
  const options = pca.options.parse({ pcaComponents: components, pcaWhiten });
  const fitted = pca.fit!(options, { images, indices, scaling, seed: 1 });
  const extractor = pca.build(options, shape, fitted)!;
  return tidy(() => {
    const values = new Map(
      extractor.parameters.map(({ name, shape: size }) => [name, tensor(fitted.get(name)!, [...size])]),
    );
    const pixels = Array.from(images.pixels.subarray(0, rows * side * side), (pixel) => pixel / 255);
    return extractor.apply(tensor4d(pixels, [rows, side, side, 1]), values).dataSync() as Float32Array;
  });
}

describe('principal components', () => {
  beforeAll(async () => {
    const request = { device: 'cpu', threads: 1, runtime: undefined, environment: process.env } as const;
    await startBackend('cpu', request, silentContext());
  });

  for (const [whiten, expected] of [
    [false, fixture.projected],
    [true, fixture.whitened],
  ] as const) {
    it(`are those of scikit-learn, up to the sign of each (whitened: ${whiten})`, () => {
      const found = project(whiten, expected.length);
      for (let component = 0; component < components; component++) {
        const ours = expected.map((_, row) => found[row * components + component]!);
        const theirs = expected.map((row) => row[component]!);
        const sign = Math.sign(ours[0]! * theirs[0]!);
        ours.forEach((value, row) => {
          expect(sign * value).toBeCloseTo(theirs[row]!, 4);
        });
      }
    });
  }

  it('have the variances that scikit-learn finds', () => {
    const found = project(false, count);
    for (let component = 0; component < components; component++) {
      const values = Array.from(indices, (row) => found[row * components + component]!);
      const mean = values.reduce((sum, value) => sum + value, 0) / count;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
      expect(mean).toBeCloseTo(0, 5);
      expect(variance / fixture.variances[component]!).toBeCloseTo(1, 4);
    }
  });

  it('are fitted to the given images alone, and always alike', () => {
    const options = pca.options.parse({ pcaComponents: 3 });
    const half = indices.subarray(0, 150);
    const first = pca.fit!(options, { images, indices: half, scaling, seed: 1 });
    const others = images.pixels.slice();
    others.fill(77, 150 * side * side);
    const second = pca.fit!(options, {
      images: { ...images, pixels: others },
      indices: half,
      scaling,
      seed: 1,
    });
    expect(second).toEqual(first);
    expect(pca.fit!(options, { images, indices, scaling, seed: 1 })).not.toEqual(first);
  });

  it('are refused where there cannot be so many', async () => {
    const options = pca.options.parse({ pcaComponents: 65 });
    await toolkitError('USAGE', () => pca.fit!(options, { images, indices, scaling, seed: 1 }));
  });
});
