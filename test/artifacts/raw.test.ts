import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import {
  contentOf,
  encodeManifest,
  findRaw,
  rawFingerprint,
  rawFolder,
  readRawFile,
  type RawManifest,
} from '../../src/artifacts/raw.js';
import { idxImages, idxLabels } from '../support/idx.js';
import { toolkitError } from '../support/errors.js';
import { temporaryFolder } from '../support/folders.js';

const files = {
  'train-images': idxImages(4),
  'train-labels': idxLabels([0, 1, 0, 1]),
  'test-images': idxImages(2),
  'test-labels': idxLabels([1, 0]),
};

function entryOf(role: keyof typeof files): { name: string; bytes: number; sha256: string } {
  const sha256 = createHash('sha256').update(files[role]).digest('hex');
  return { name: `${role}.idx`, bytes: files[role].length, sha256 };
}

const manifest: RawManifest = {
  format: 'mnist-train/raw',
  version: 1,
  dataset: 'mine',
  source: '/some/folder',
  licence: 'none',
  origin: 'made up',
  classNames: [],
  collectedAt: '2026-01-02T03:04:05.678Z',
  files: {
    'train-images': entryOf('train-images'),
    'train-labels': entryOf('train-labels'),
    'test-images': entryOf('test-images'),
    'test-labels': entryOf('test-labels'),
  },
};

async function written(changed: unknown = manifest): Promise<{ dataDir: string; folder: string }> {
  const dataDir = await temporaryFolder();
  const folder = rawFolder(dataDir, 'mine');
  await mkdir(folder, { recursive: true });
  for (const [role, content] of Object.entries(files)) await writeFile(join(folder, `${role}.idx`), content);
  const { name } = encodeManifest(manifest);
  await writeFile(join(folder, name), typeof changed === 'string' ? changed : JSON.stringify(changed));
  return { dataDir, folder };
}

describe('findRaw', () => {
  it('reads what encodeManifest wrote', async () => {
    const { dataDir, folder } = await written(encodeManifest(manifest).text);
    expect(await findRaw(dataDir, 'mine')).toEqual({ folder, manifest });
  });

  it('finds nothing where there is nothing', async () => {
    const { dataDir } = await written();
    expect(await findRaw(dataDir, 'other')).toBeUndefined();
  });

  it('cannot read a folder in the manifest’s place', async () => {
    const { dataDir, folder } = await written();
    const path = join(folder, encodeManifest(manifest).name);
    await rm(path);
    await mkdir(path);
    await toolkitError('DATA_UNREADABLE', findRaw(dataDir, 'mine'));
  });

  const entry = entryOf('test-labels');
  it.each([
    ['half a manifest', '{"format":"mnist-tr', /not a manifest of raw files/],
    ['another format', { ...manifest, format: 'x' }, /format/],
    ['a later version', { ...manifest, version: 2 }, /version/],
    ['an unknown key', { ...manifest, extra: 1 }, /extra/],
    [
      'a file too few',
      { ...manifest, files: { ...manifest.files, 'test-labels': undefined } },
      /test-labels/,
    ],
    [
      'a path out of the folder',
      { ...manifest, files: { ...manifest.files, 'test-labels': { ...entry, name: '../x' } } },
      /test-labels.name/,
    ],
    [
      'a hash that is none',
      { ...manifest, files: { ...manifest.files, 'test-labels': { ...entry, sha256: 'x' } } },
      /test-labels.sha256/,
    ],
  ])('refuses %s', async (_, changed, reason) => {
    const { dataDir } = await written(changed);
    const error = await toolkitError('DATA_CORRUPT', findRaw(dataDir, 'mine'));
    expect(error.message).toMatch(reason);
  });
});

describe('readRawFile', () => {
  it('reads and checks a file', async () => {
    const { folder } = await written();
    const { dimensions, data } = await readRawFile({ folder, manifest }, 'train-labels');
    expect(dimensions).toEqual([4]);
    expect([...data]).toEqual([0, 1, 0, 1]);
  });

  const path = (folder: string): string => join(folder, 'train-images.idx');

  it('misses a file that is gone, and says how to get it back', async () => {
    const { folder } = await written();
    await rm(path(folder));
    const error = await toolkitError('DATA_MISSING', readRawFile({ folder, manifest }, 'train-images'));
    expect(error.hint).toContain('mnist collect mine');
  });

  it.each([
    ['shorter', files['train-images'].subarray(0, -1), /39 bytes, but its manifest says 40/],
    ['longer', Buffer.concat([files['train-images'], Buffer.of(0)]), /41 bytes/],
    ['changed', Buffer.from(files['train-images']).fill(7, 20, 21), /SHA-256 differs from the manifest/],
  ])('refuses a file that is %s', async (_, content, reason) => {
    const { folder } = await written();
    await writeFile(path(folder), content);
    const error = await toolkitError('DATA_CORRUPT', readRawFile({ folder, manifest }, 'train-images'));
    expect(error.message).toMatch(reason);
    expect(error.message).toContain(path(folder));
  });

  it('refuses a file that is not what its role says, whatever the manifest says', async () => {
    const { folder } = await written();
    const swapped = { ...manifest, files: { ...manifest.files, 'train-images': entryOf('train-labels') } };
    await toolkitError('DATA_CORRUPT', readRawFile({ folder, manifest: swapped }, 'train-images'));
  });
});

it('contentOf tells images from labels', () => {
  expect((['train-images', 'train-labels', 'test-images', 'test-labels'] as const).map(contentOf)).toEqual([
    'images',
    'labels',
    'images',
    'labels',
  ]);
});

it('the fingerprint depends on every file’s contents and on nothing else', () => {
  const original = rawFingerprint(manifest);
  expect(rawFingerprint({ ...manifest, collectedAt: '2027-01-01T00:00:00Z', source: 'elsewhere' })).toBe(
    original,
  );
  for (const role of ['train-images', 'train-labels', 'test-images', 'test-labels'] as const) {
    const changed = { ...manifest.files, [role]: { ...manifest.files[role], sha256: '0'.repeat(64) } };
    expect(rawFingerprint({ ...manifest, files: changed })).not.toBe(original);
  }
});
