import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { TestProject } from 'vitest/node';

import { encodeManifest, findRaw, rawFolder, type RawManifest } from '../../src/artifacts/raw.js';
import { silentContext } from '../../src/core/events.js';
import { sha256 } from '../../src/core/hashing.js';
import { collect } from '../../src/stages/collect/collect.js';
import { collectFields } from '../../src/stages/collect/collect-options.js';
import { preprocess } from '../../src/stages/preprocess/preprocess.js';
import { obtainRuntime } from '../../src/tensorflow/runtime/obtain.js';
import { preprocessFields } from '../../src/stages/preprocess/preprocess-options.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A data folder with MNIST, collected and preprocessed; tests read it and leave it as it is. */
    dataDir: string;
    /** The same with a fifth of the images, for tests that ask nothing of how well a model learns. */
    smallDataDir: string;
    /** An empty folder for what tests of several files need and make when the first asks for it (shared.ts). */
    sharedDir: string;
  }
}

/** Once before all tests: the TensorFlow runtime (installed like a user's, if it is not there) and MNIST. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const context = silentContext();
  await obtainRuntime({ device: 'auto', folder: undefined, environment: process.env }, context);
  const dataDir = await mkdtemp(join(tmpdir(), 'mnist-train-test-data-'));
  await collect(collectFields.parse({ dataset: 'mnist', dataDir }), context);
  await preprocess(preprocessFields.parse({ dataDir }), context);
  project.provide('dataDir', dataDir);
  const smallDataDir = await mkdtemp(join(tmpdir(), 'mnist-train-test-small-'));
  await takeFifth(dataDir, smallDataDir);
  await preprocess(preprocessFields.parse({ dataDir: smallDataDir }), context);
  project.provide('smallDataDir', smallDataDir);
  const sharedDir = await mkdtemp(join(tmpdir(), 'mnist-train-test-shared-'));
  project.provide('sharedDir', sharedDir);
  return async () => {
    for (const folder of [dataDir, smallDataDir, sharedDir])
      await rm(folder, { recursive: true, force: true });
  };
}

/** Copies the first fifth of the images and labels of collected MNIST to another data folder. */
async function takeFifth(dataDir: string, target: string): Promise<void> {
  const { folder, manifest } = (await findRaw(dataDir, 'mnist'))!;
  const copy = rawFolder(target, 'mnist');
  await mkdir(copy, { recursive: true });
  const entries = Object.entries(manifest.files).map(async ([role, { name }]) => {
    const whole = await readFile(join(folder, name));
    const count = whole.readUInt32BE(4) / 5;
    const [header, perItem] = role.endsWith('images') ? [16, 784] : [8, 1];
    const part = whole.subarray(0, header + count * perItem);
    part.writeUInt32BE(count, 4);
    await writeFile(join(copy, name), part);
    return [role, { name, bytes: part.length, sha256: sha256(part) }];
  });
  const files = Object.fromEntries(await Promise.all(entries)) as RawManifest['files'];
  const { name, text } = encodeManifest({ ...manifest, files });
  await writeFile(join(copy, name), text);
}
