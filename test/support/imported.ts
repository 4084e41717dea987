import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { readRawFile, type RawManifest } from '../../src/artifacts/raw.js';
import { collect } from '../../src/index.js';
import type { CollectOptions } from '../../src/stages/collect/collect.js';
import { temporaryFolder } from './folders.js';

/** What an import has made, read back. */
export interface ReadBack {
  manifest: RawManifest;
  dimensions: readonly number[];
  train: { pixels: Uint8Array; labels: number[] };
  test: { pixels: Uint8Array; labels: number[] };
  sources: Record<string, unknown>[];
  rejected: { name: string; reason: string }[];
}

/** Collects a source and reads everything that is then there. */
export async function importAndRead(
  from: string | undefined,
  options: Partial<Omit<CollectOptions, 'source'>> = {},
): Promise<ReadBack> {
  const dataDir = options.dataDir ?? (await temporaryFolder());
  const raw = await collect({ dataset: 'own', from, ...options, dataDir });
  const [train, trainLabels, test, testLabels] = [
    await readRawFile(raw, 'train-images'),
    await readRawFile(raw, 'train-labels'),
    await readRawFile(raw, 'test-images'),
    await readRawFile(raw, 'test-labels'),
  ];
  return {
    manifest: raw.manifest,
    dimensions: train.dimensions,
    train: { pixels: train.data, labels: [...trainLabels.data] },
    test: { pixels: test.data, labels: [...testLabels.data] },
    sources: await readLines(join(raw.folder, 'sources.jsonl')),
    rejected: (await readLines(join(raw.folder, 'rejected.jsonl'))) as unknown as ReadBack['rejected'],
  };
}

async function readLines(path: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(path, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
