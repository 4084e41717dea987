import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { io } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

import { fileSystem, nodeFileSystemRouter } from '../../../src/tensorflow/node/file-system.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';

type Weight = Record<string, unknown>;

/** A model.json with a manifest, and beside it a file of weights with so many bytes. */
async function modelWith(weights: Weight[], bytes: number, paths = ['weights.bin']): Promise<string> {
  const folder = join(await temporaryFolder(), 'model');
  await mkdir(folder);
  await writeFile(join(folder, 'weights.bin'), new Uint8Array(bytes));
  await writeFile(join(folder, '..', 'secret'), new Uint8Array(bytes));
  const model = join(folder, 'model.json');
  await writeFile(model, JSON.stringify({ modelTopology: {}, weightsManifest: [{ paths, weights }] }));
  return model;
}

const FOUR = [{ name: 'a', shape: [2, 2], dtype: 'float32' }];

describe('file://', () => {
  it('saves weights that come in parts, in a folder that is made, and loads them', async () => {
    const folder = join(await temporaryFolder(), 'new', 'model');
    const parts = [Float32Array.of(1, 2).buffer, Float32Array.of(3, 4).buffer];
    const weightSpecs = FOUR as io.WeightsManifestEntry[];
    await fileSystem(folder).save({ modelTopology: { x: 1 }, weightSpecs, weightData: parts });
    expect((await readFile(join(folder, 'weights.bin'))).length).toBe(16);
    const loaded = await nodeFileSystemRouter(`file://${folder}/model.json`).load!();
    expect(loaded.modelTopology).toEqual({ x: 1 });
    expect(new Float32Array(io.CompositeArrayBuffer.join(loaded.weightData))).toEqual(
      Float32Array.of(1, 2, 3, 4),
    );
  });

  it('is nothing to URLs of other kinds', () => {
    expect(nodeFileSystemRouter('http://localhost/model.json')).toBeNull();
    expect(nodeFileSystemRouter(['file://a', 'http://b'])).toBeNull();
  });

  it.each([['../secret'], ['../../etc/passwd'], ['/etc/passwd'], ['a/../../secret'], ['..'], ['.'], ['']])(
    'refuses a manifest that names %j',
    async (path) => {
      const model = await modelWith(FOUR, 16, [path]);
      const { message } = await toolkitError('SOURCE_REFUSED', fileSystem(model).load());
      expect(message).toContain("outside the model's folder");
    },
  );

  it.each([
    ['too short', FOUR, 15],
    ['too long', FOUR, 17],
    ['far too short', [{ name: 'a', shape: [2 ** 20, 2 ** 20], dtype: 'float32' }], 16],
    ['too short for quantized values', [{ ...FOUR[0], quantization: { dtype: 'uint16' } }], 7],
    ['too short for strings', [{ name: 'a', shape: [4], dtype: 'string' }], 15],
  ])('refuses files that are %s', async (_, weights, bytes) => {
    const { message } = await toolkitError(
      'SOURCE_REFUSED',
      fileSystem(await modelWith(weights, bytes)).load(),
    );
    expect(message).toContain(`but their files have ${bytes}`);
  });

  it.each([
    ['quantized values', [{ ...FOUR[0], quantization: { dtype: 'uint8', scale: 0.1, min: 0 } }], 4],
    ['strings', [{ name: 'a', shape: [4], dtype: 'string' }], 20],
    ['no weights', [], 0],
  ])('loads %s', async (_, weights, bytes) => {
    const { weightData } = await fileSystem(await modelWith(weights, bytes)).load();
    expect(io.CompositeArrayBuffer.join(weightData).byteLength).toBe(bytes);
  });

  it.each([
    ['a negative size', [{ name: 'a', shape: [-4], dtype: 'float32' }]],
    ['a type that there is not', [{ name: 'a', shape: [4], dtype: 'float64' }]],
    ['no shape', [{ name: 'a', dtype: 'float32' }]],
  ])('refuses a manifest with %s', async (_, weights) => {
    await toolkitError('SOURCE_REFUSED', fileSystem(await modelWith(weights, 16)).load());
  });

  it('refuses what is no JSON, and folders', async () => {
    const folder = await temporaryFolder();
    for (const text of ['{"model', 'null', '7']) {
      await writeFile(join(folder, 'model.json'), text);
      await toolkitError('SOURCE_REFUSED', fileSystem(join(folder, 'model.json')).load());
    }
    await toolkitError('USAGE', fileSystem(folder).load());
  });
});
