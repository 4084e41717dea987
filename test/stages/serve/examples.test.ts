import { join } from 'node:path';

import { describe, expect, inject, it } from 'vitest';

import { writePrepared } from '../../../src/artifacts/prepared.js';
import { withEncryption } from '../../../src/core/encryption/session.js';
import { generateKey } from '../../../src/stages/keys/keys.js';
import { exampleFinder } from '../../../src/stages/serve/examples.js';
import type { ServeOptions } from '../../../src/stages/serve/serve-options.js';
import { checkpointDescription } from '../../support/checkpoints.js';
import { temporaryFolder } from '../../support/folders.js';
import { preparedMnist } from '../../support/serving.js';

/** The description of a model that was trained on the prepared MNIST. */
async function trainedOnMnist() {
  const { fingerprint, classNames, shape } = await preparedMnist();
  const known = checkpointDescription();
  return { ...known, classNames, shape, data: { ...known.data, dataset: 'mnist', fingerprint } };
}

const finder = (examples: ServeOptions['examples'], dataDir = inject('smallDataDir')) =>
  exampleFinder({ examples, dataDir });

describe('examples for the page', () => {
  it('are test images, one of each class, always the same and in no order', async () => {
    const description = await trainedOnMnist();
    const found = await finder('auto')(description);
    expect(found.map(({ label }) => label).toSorted()).toEqual(description.classNames);
    expect(found.map(({ label }) => label)).not.toEqual(description.classNames);
    expect(found.every(({ image }) => image.startsWith('data:image/png;base64,'))).toBe(true);
    expect(await finder('on')(description)).toEqual(found);
    expect(await finder('off')(description)).toEqual([]);
  });

  it('are none of other data than the model was trained on, or of a model that protects its images', async () => {
    const description = await trainedOnMnist();
    const find = finder('on');
    const data = { ...description.data, fingerprint: 'another' };
    expect(await find({ ...description, data })).toEqual([]);
    expect(await find({ ...description, data: { ...description.data, dataset: 'absent' } })).toEqual([]);
    const privacy = {
      ...{ epsilon: 3, delta: 1e-5, renyi: 3, sampleRate: 0.1, noiseMultiplier: 1, steps: 10 },
      ...{ inherited: [], clipNorm: 1, validation: 'unused' as const },
    };
    expect(await find({ ...description, privacy })).toEqual([]);
  });

  it('are shown of one’s own data only where that is asked for, and never of encrypted data', async () => {
    const mnist = await preparedMnist();
    const { train, test, ...known } = mnist;
    // The description is written without the place of its file.
    const prepared = { ...known, path: undefined };
    const few = {
      ...test,
      count: 20,
      pixels: test.pixels.subarray(0, 20 * 784),
      labels: test.labels.subarray(0, 20),
    };
    const description = await trainedOnMnist();
    const own = { ...description, data: { ...description.data, dataset: 'own' } };
    const dataDir = await temporaryFolder();
    const small = { ...train, count: 20, pixels: few.pixels, labels: few.labels };
    await writePrepared(dataDir, { ...prepared, dataset: 'own' }, small, few);
    expect(await finder('auto', dataDir)(own)).toEqual([]);
    expect((await finder('on', dataDir)(own)).length).toBeGreaterThan(3);
    const path = join(await temporaryFolder(), 'key.txt');
    const { recipient } = await generateKey(path);
    await withEncryption({ encryptTo: [recipient], identity: path }, async () => {
      await writePrepared(dataDir, { ...prepared, dataset: 'own' }, small, few);
      expect(await finder('on', dataDir)(own)).toEqual([]);
    });
  });
});
