import { createHash } from 'node:crypto';
import { chmod, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { ingestIdx, type IngestOptions } from '../../../src/data/collection/ingest.js';
import { Random } from '../../../src/core/random.js';
import { idxFile, idxImages, idxLabels } from '../../support/idx.js';
import { failureOf, toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';

const images = idxImages(50, 28, 28);
const resultOf = (file: Buffer): object => ({
  bytes: file.length,
  sha256: createHash('sha256').update(file).digest('hex'),
});

async function prepare(file: Buffer, options: Partial<IngestOptions> = {}): Promise<IngestOptions> {
  const folder = await temporaryFolder();
  const path = join(folder, 'source');
  await writeFile(path, file);
  const signal = new AbortController().signal;
  return {
    path,
    name: 'the source',
    content: 'images',
    destination: join(folder, 'copy'),
    signal,
    ...options,
  };
}

/** Nothing of a refused file stays. */
async function expectRemoved({ destination }: IngestOptions): Promise<void> {
  expect(await readdir(join(destination, '..'))).not.toContain('copy');
}

describe('a good file', () => {
  it.each([
    ['plain', images],
    ['gzipped', gzipSync(images)],
    ['gzipped in two parts', Buffer.concat([gzipSync(images.subarray(0, 7)), gzipSync(images.subarray(7))])],
  ])('is copied %s', async (_, file) => {
    const options = await prepare(file);
    expect(await ingestIdx(options)).toEqual(resultOf(images));
    expect((await readFile(options.destination)).equals(images)).toBe(true);
  });

  it('may be shorter than the longest header', async () => {
    const labels = idxLabels([1, 2]);
    const options = await prepare(gzipSync(labels), { content: 'labels' });
    expect(await ingestIdx(options)).toEqual(resultOf(labels));
  });

  it('is accepted where it is the pinned one', async () => {
    const pinned = resultOf(images) as NonNullable<IngestOptions['pinned']>;
    expect(await ingestIdx(await prepare(images, { pinned }))).toEqual(pinned);
  });
});

describe('damage', () => {
  const bomb = (claim: number[]): Buffer => gzipSync(idxFile(claim, new Uint8Array(30_000_000)));

  it.each([
    ['an empty file', Buffer.alloc(0), /only 0 bytes long/],
    ['a web page', Buffer.from('<html>no such file</html>'), /not an IDX file/],
    ['a truncated file', images.subarray(0, -5), /truncated: 39211 bytes/],
    ['a longer file', Buffer.concat([images, Buffer.of(0)]), /too long/],
    ['a gzip of a truncated file', gzipSync(images.subarray(0, -5)), /truncated: 39211 bytes/],
    ['a truncated gzip', gzipSync(images).subarray(0, -20), /damaged \(unexpected end of file\)/],
    ['a gzip that is its header alone', Buffer.of(0x1f, 0x8b), /damaged/],
    [
      'a gzip with zeros after it',
      Buffer.concat([gzipSync(images), Buffer.alloc(9)]),
      /9 bytes follow the end of the gzip data/,
    ],
    [
      'a gzip with other bytes after it',
      Buffer.concat([gzipSync(images), Buffer.from('and more')]),
      /damaged|8 bytes follow/,
    ],
    ['a gzip within a gzip', gzipSync(gzipSync(images)), /not an IDX file: it starts with 1f 8b/],
    ['a gzip of nothing', gzipSync(Buffer.alloc(0)), /only 0 bytes long/],
    ['a gzip bomb', bomb([4, 3, 2]), /too long/],
  ])('%s is refused', async (_, file, reason) => {
    const options = await prepare(file);
    const error = await toolkitError('DATA_CORRUPT', ingestIdx(options));
    expect(error.message).toMatch(reason);
    expect(error.message).toMatch(/^the source: /);
    await expectRemoved(options);
  });

  it('a flipped bit in a gzip is refused, wherever it changes the contents', async () => {
    const file = gzipSync(images);
    const random = new Random(23, 'ingest');
    let refused = 0;
    for (let round = 0; round < 100; round++) {
      const damaged = Buffer.from(file);
      const at = random.integer(file.length);
      damaged[at] = damaged[at]! ^ (1 << random.integer(8));
      const options = await prepare(damaged);
      try {
        // Some bits of gzip's header mean nothing for the contents: the time, the system.
        expect(await ingestIdx(options)).toEqual(resultOf(images));
      } catch (error) {
        refused++;
        await toolkitError('DATA_CORRUPT', () => {
          throw error;
        });
        await expectRemoved(options);
      }
    }
    expect(refused).toBeGreaterThan(80);
  });
});

describe('a file that is not the pinned one', () => {
  const pinned = resultOf(images) as NonNullable<IngestOptions['pinned']>;

  it('is refused for its size as soon as its header tells it', async () => {
    // The claim of 2 GB has a first megabyte alone: were it read to its end, it would be called truncated.
    const options = await prepare(idxFile([2_000_000, 32, 32], new Uint8Array(1_000_000)), { pinned });
    const error = await toolkitError('DATA_REFUSED', ingestIdx(options));
    expect(error.message).toBe(`the source: size is 2048000016, expected ${pinned.bytes}`);
    await expectRemoved(options);
  });

  it('is refused for its hash', async () => {
    const other = Buffer.from(images).fill(1, images.length - 1);
    const options = await prepare(gzipSync(other), { pinned });
    const error = await toolkitError('DATA_REFUSED', ingestIdx(options));
    expect(error.message).toContain(`SHA-256 is ${(resultOf(other) as { sha256: string }).sha256}`);
    await expectRemoved(options);
  });
});

describe('what cannot be read or written', () => {
  it('is a source that is not there, or a folder', async () => {
    const options = await prepare(images);
    await toolkitError('DATA_UNREADABLE', ingestIdx({ ...options, path: `${options.path}-no` }));
    await toolkitError('DATA_UNREADABLE', ingestIdx({ ...options, path: join(options.path, '..') }));
  });

  it.skipIf(process.getuid?.() === 0)('is a source without permission', async () => {
    const options = await prepare(images);
    await chmod(options.path, 0);
    await toolkitError('DATA_UNREADABLE', ingestIdx(options));
  });

  it('is a destination below a file', async () => {
    const options = await prepare(images);
    await writeFile(options.destination, 'a file');
    const below = join(options.destination, 'below');
    const error = await toolkitError('STORAGE_DENIED', ingestIdx({ ...options, destination: below }));
    expect(error.message).toContain(below);
  });

  it.skipIf(process.platform !== 'linux')('is a full disk, which is named and not the source', async () => {
    // /dev/full takes any write for one to a full disk; behind a link, which is what gets removed afterwards.
    const link = join(await temporaryFolder(), 'link');
    await symlink('/dev/full', link);
    const options = await prepare(images);
    const error = await toolkitError('STORAGE_FULL', ingestIdx({ ...options, destination: link }));
    expect(error.message).toContain(link);
  });
});

it('an abort ends it with the reason and removes the copy', async () => {
  const stop = new AbortController();
  const reason = new Error('interrupted');
  const options = await prepare(gzipSync(images), { signal: stop.signal });
  stop.abort(reason);
  expect(await failureOf(ingestIdx(options))).toBe(reason);
  await expectRemoved(options);
});
