import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import {
  readCheckpoint,
  writeCheckpoint,
  type CheckpointDescription,
} from '../../src/artifacts/checkpoint.js';
import { encodeSafetensors, loadFloats, storeFloats } from '../../src/artifacts/safetensors.js';
import { Random } from '../../src/core/random.js';
import { checkpointDescription } from '../support/checkpoints.js';
import { toolkitError } from '../support/errors.js';
import { temporaryFolder } from '../support/folders.js';

const weights = Float32Array.of(1.5, -2.25, 1e-38, 3.4e38);
const tensors = new Map([['parameters/dense1/weights', storeFloats(weights, [2, 2])]]);

async function written(description = checkpointDescription()): Promise<string> {
  const path = join(await temporaryFolder(), 'run', 'last.safetensors');
  await writeCheckpoint({ path, description, tensors });
  return path;
}

/** A safetensors file that is intact, with something else for the description. */
async function withDescription(description: unknown): Promise<string> {
  const path = join(await temporaryFolder(), 'other.safetensors');
  const metadata: Record<string, string> =
    description === undefined
      ? {}
      : { checkpoint: typeof description === 'string' ? description : JSON.stringify(description) };
  await writeFile(path, Buffer.concat(encodeSafetensors({ tensors, metadata })));
  return path;
}

it('what is written can be read, and lies there alone', async () => {
  const path = await written();
  const checkpoint = await readCheckpoint(path);
  expect(checkpoint.path).toBe(path);
  expect(checkpoint.description).toEqual(checkpointDescription());
  expect(loadFloats(checkpoint.tensors.get('parameters/dense1/weights')!)).toEqual(weights);
  expect(await readdir(join(path, '..'))).toEqual(['last.safetensors']);
});

it('a write that fails leaves the one before', async () => {
  const path = await written();
  const before = await readFile(path);
  await mkdir(join(path, '..', 'best.safetensors', 'x'), { recursive: true });
  const best = join(path, '..', 'best.safetensors');
  await toolkitError(
    'STORAGE_DENIED',
    writeCheckpoint({ path: best, description: checkpointDescription(), tensors }),
  );
  expect((await readFile(path)).equals(before)).toBe(true);
});

describe('readCheckpoint', () => {
  it('says that there is none', async () => {
    const folder = await temporaryFolder();
    await toolkitError('CHECKPOINT_MISSING', readCheckpoint(join(folder, 'none.safetensors')));
    await writeFile(join(folder, 'file'), '');
    await toolkitError('CHECKPOINT_MISSING', readCheckpoint(join(folder, 'file', 'none.safetensors')));
  });

  it('calls a folder and an empty file no checkpoint', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'empty'), '');
    await toolkitError('CHECKPOINT_CORRUPT', readCheckpoint(folder));
    await toolkitError('CHECKPOINT_CORRUPT', readCheckpoint(join(folder, 'empty')));
  });

  it('refuses damage anywhere, and names the file', async () => {
    const path = await written();
    const intact = await readFile(path);
    const random = new Random(22, 'checkpoint');
    for (let round = 0; round < 150; round++) {
      const damaged = Buffer.from(intact);
      const at = random.integer(damaged.length);
      damaged[at] = damaged[at]! ^ (1 << random.integer(8));
      await writeFile(path, round % 3 === 0 ? damaged.subarray(0, at) : damaged);
      const error = await toolkitError('CHECKPOINT_CORRUPT', readCheckpoint(path));
      expect(error.message).toContain(path);
      expect(error.exitCode).toBe(6);
    }
  });

  it.each([
    ['of another program', undefined, /not a checkpoint of mnist-train/],
    [
      'with another format',
      { ...checkpointDescription(), format: 'other' },
      /not a checkpoint of mnist-train/,
    ],
    ['without a version', { format: 'mnist-train/checkpoint' }, /not a checkpoint of mnist-train/],
    [
      'of a later version',
      { ...checkpointDescription(), version: 2, more: 1 },
      /format version 2; this program supports version 1/,
    ],
  ])('refuses an intact file %s', async (_, description, reason) => {
    const error = await toolkitError(
      'CHECKPOINT_REFUSED',
      readCheckpoint(await withDescription(description)),
    );
    expect(error.message).toMatch(reason);
  });

  const malformed: [string, unknown][] = [
    ['not JSON', '{'],
    ['an unknown key', { ...checkpointDescription(), extra: 1 }],
    ['no class names', checkpointDescription({ classNames: [] })],
    ['an image without height', checkpointDescription({ shape: { height: 0, width: 2, channels: 1 } })],
    ['a kind that is none', { ...checkpointDescription(), kind: 'middle' }],
    ['a time that is none', checkpointDescription({ createdAt: 'yesterday' })],
    [
      'a negative step',
      { ...checkpointDescription(), progress: { ...checkpointDescription().progress, step: -1 } },
    ],
  ];
  it.each(malformed)('refuses a description with %s', async (_, description) => {
    await toolkitError('CHECKPOINT_CORRUPT', readCheckpoint(await withDescription(description)));
  });

  it('says where a description is wrong', async () => {
    const description = checkpointDescription({ kind: 'middle' as CheckpointDescription['kind'] });
    const error = await toolkitError('CHECKPOINT_CORRUPT', readCheckpoint(await written(description)));
    expect(error.message).toMatch(/kind: /);
  });
});
