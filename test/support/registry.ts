import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { listFiles, writeManifest, type Manifest } from '../../src/artifacts/manifest.js';
import { versionFiles, type ModelRegistry } from '../../src/artifacts/model-registry.js';
import type { PrivateKey } from '../../src/core/signing/keys.js';
import { writePredictions } from '../../src/deployment/predictions.js';
import { RegistryWriter } from '../../src/deployment/registry-writer.js';
import { withStaging } from '../../src/deployment/staging.js';

/** What a made-up model is right about: of so many test images, the first so many are called wrongly. */
export interface MadeUpModel {
  images?: number;
  wrong?: number;
  /** Wrong about the last images rather than the first. */
  atEnd?: boolean;
  checkpoint?: string;
}

/** Registers a version of a model that was never trained, as a deploy does. */
export function registerMadeUp(
  registry: ModelRegistry,
  name: string,
  model: MadeUpModel = {},
  key?: PrivateKey,
): Promise<number> {
  const { images = 200, wrong = 0, atEnd = false, checkpoint } = model;
  return withStaging(registry.folder, async (staged) => {
    const path = join(staged, versionFiles.checkpoint);
    await (checkpoint === undefined ? writeFile(path, `weights ${wrong}`) : copyFile(checkpoint, path));
    const labels = Uint8Array.from({ length: images }, (_, index) => index % 10);
    const isWrong = (index: number): boolean => (atEnd ? index >= images - wrong : index < wrong);
    const predictions = labels.map((label, index) => (isWrong(index) ? (label + 1) % 10 : label));
    await writePredictions(join(staged, versionFiles.predictions), { labels, predictions });
    await writeManifest(staged, { ...manifestOf(images, wrong), files: await listFiles(staged) });
    return new RegistryWriter(registry, 'tester', key).register(name, staged, { wrong });
  });
}

function manifestOf(images: number, wrong: number): Omit<Manifest, 'files'> {
  return {
    format: 'mnist-train/bundle',
    version: 1,
    toolkit: '0.1.0',
    target: 'registry',
    createdAt: '2026-01-02T03:04:05.678Z',
    source: {
      run: 'first',
      kind: 'best',
      step: 3,
      epochs: 1,
      createdAt: '2026-01-02T03:04:05.678Z',
      checkpoint: 'a'.repeat(64),
      dataset: 'mine',
      fingerprint: 'f'.repeat(64),
    },
    model: { name: 'mlp', description: '4-2-2, relu', parameters: 16 },
    classNames: ['no', 'yes'],
    shape: { height: 2, width: 2, channels: 1 },
    preprocessing: { scaling: 'zero-one', scale: 1 / 255, offset: 0 },
    signature: { inputs: [], outputs: [] },
    metrics: { n: images, accuracy: 1 - wrong / images, loss: 0.1, exported: null },
    verification: { engine: 'none', images: 0, largestDifference: 0, bar: 1e-5 },
  };
}
