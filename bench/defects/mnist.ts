import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { parseIdx } from '../../src/artifacts/idx.js';
import { findRaw, readRawFile } from '../../src/artifacts/raw.js';
import { silentContext } from '../../src/core/events.js';
import type { LabelledImages } from '../../src/core/images.js';
import type { SplitName } from '../../src/data/preparation/checks/check.js';
import { collect } from '../../src/index.js';

/** The images of MNIST, as they were collected. */
export async function loadMnist(): Promise<Record<SplitName, LabelledImages>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'planted-defects-'));
  try {
    await collect({ dataset: 'mnist', dataDir }, silentContext());
    return { train: await loadSplit(dataDir, 'train'), test: await loadSplit(dataDir, 'test') };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function loadSplit(dataDir: string, split: SplitName): Promise<LabelledImages> {
  const raw = (await findRaw(dataDir, 'mnist'))!;
  const [{ data: pixels }, { data: labels }] = [
    await readRawFile(raw, `${split}-images`),
    await readRawFile(raw, `${split}-labels`),
  ];
  return { count: labels.length, shape: { height: 28, width: 28, channels: 1 }, pixels, labels };
}

/** The training images of Fashion-MNIST, where Debian's package puts them. */
export async function loadFashion(): Promise<LabelledImages> {
  const path = '/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz';
  const { data: pixels } = parseIdx(gunzipSync(await readFile(path)), 'images', path);
  const count = pixels.length / 784;
  return { count, shape: { height: 28, width: 28, channels: 1 }, pixels, labels: new Uint8Array(count) };
}
