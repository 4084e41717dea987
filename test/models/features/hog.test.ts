import { readFile } from 'node:fs/promises';

import { tensor4d, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

import { startBackend } from '../../../src/engine/backends/start.js';
import { silentContext } from '../../../src/core/events.js';
import type { ImageShape } from '../../../src/core/images.js';
import { hog } from '../../../src/models/features/hog.js';
import { toolkitError } from '../../support/errors.js';

interface Case {
  shape: ImageShape;
  options: Record<string, number>;
  pixels: string;
  values: number[];
}

const fixture = JSON.parse(
  await readFile(new URL('../../fixtures/features.json', import.meta.url), 'utf8'),
) as {
  hog: Case[];
};

for (const backend of ['cpu', 'tensorflow'] as const) {
  describe(`HOG on the backend ${backend}`, () => {
    for (const { shape, options, pixels, values } of fixture.hog) {
      const { height, width, channels } = shape;
      it(`${height}×${width}×${channels}, ${JSON.stringify(options)}: as scikit-image computes it`, async () => {
        const request = { device: 'cpu', threads: 1, runtime: undefined, environment: process.env } as const;
        await startBackend(backend, request, silentContext());
        const extractor = hog.build(hog.options.parse(options), shape)!;
        expect(extractor.size).toBe(values.length);
        const image = [...Buffer.from(pixels, 'base64')];
        const both = tidy(() => {
          // Twice in a batch, and as −1…1 too: what is added to all pixels has no part in an edge.
          const scaled = [...image.map((pixel) => pixel / 255), ...image.map((pixel) => pixel / 127.5 - 1)];
          return extractor.apply(tensor4d(scaled, [2, height, width, channels]), new Map()).dataSync();
        });
        expect(both).toHaveLength(2 * values.length);
        for (const [row, tolerance] of [
          [0, 2e-5],
          // The constant that keeps blank blocks from a division by zero weighs half as much here.
          [1, 2e-3],
        ] as const) {
          const found = both.subarray(row * values.length, (row + 1) * values.length);
          const worst = Math.max(...values.map((value, at) => Math.abs(value - found[at]!)));
          expect(worst).toBeLessThan(tolerance);
        }
      });
    }
  });
}

it('images smaller than a block are refused', async () => {
  const shape = { height: 7, width: 28, channels: 1 };
  const error = await toolkitError('USAGE', () => hog.build(hog.options.parse({}), shape));
  expect(error.message).toContain('7×28');
});
