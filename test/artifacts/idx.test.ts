import { describe, expect, it } from 'vitest';

import { MAX_HEADER_BYTES, parseIdx, parseIdxHeader, type IdxContent } from '../../src/artifacts/idx.js';
import { ToolkitError } from '../../src/core/errors.js';
import { Random } from '../../src/core/random.js';
import { idxFile, idxImages, idxLabels } from '../support/idx.js';
import { toolkitError } from '../support/errors.js';

const header = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);

describe('parseIdx', () => {
  it('reads labels', () => {
    const { dimensions, data } = parseIdx(idxLabels([5, 0, 9]), 'labels', 'x');
    expect(dimensions).toEqual([3]);
    expect([...data]).toEqual([5, 0, 9]);
  });

  it('reads images, and those with channels', () => {
    const { dimensions, data } = parseIdx(idxImages(4), 'images', 'x');
    expect(dimensions).toEqual([4, 3, 2]);
    expect([...data.subarray(0, 4)]).toEqual([1, 8, 15, 22]);
    const coloured = parseIdx(idxFile([2, 1, 2, 3], new Uint8Array(12).fill(7)), 'images', 'x');
    expect(coloured.dimensions).toEqual([2, 1, 2, 3]);
    expect(coloured.data).toHaveLength(12);
  });

  it('gives a view, not a copy, also of a file that lies within a larger buffer', () => {
    const file = idxLabels([1, 2, 3]);
    const within = Buffer.concat([Buffer.alloc(3), file]).subarray(3);
    expect([...parseIdx(within, 'labels', 'x').data]).toEqual([1, 2, 3]);
    expect(parseIdx(file, 'labels', 'x').data.buffer).toBe(file.buffer);
  });

  const images = idxImages(4);
  const damages: [string, Uint8Array, IdxContent, RegExp][] = [
    ['nothing', header(), 'labels', /only 0 bytes long/],
    ['three bytes', header(0, 0, 8), 'labels', /only 3 bytes long/],
    ['gzip', header(0x1f, 0x8b, 8, 0, 0, 0, 0, 0), 'labels', /not an IDX file: it starts with 1f 8b 08 00/],
    ['a web page', Buffer.from('<!DOCTYPE html>'), 'labels', /not an IDX file: it starts with 3c 21 44 4f/],
    ['floats', header(0, 0, 0x0d, 1, 0, 0, 0, 1, 0), 'labels', /IDX type 0x0d instead of bytes/],
    ['images for labels', images, 'labels', /3 dimensions, but labels have 1/],
    ['labels for images', idxLabels([1]), 'images', /1 dimensions, but images have 3 or 4/],
    ['no dimensions', header(0, 0, 8, 0), 'labels', /0 dimensions/],
    ['a cut header', images.subarray(0, 10), 'images', /ends within its header/],
    ['no images', idxFile([0, 3, 2], new Uint8Array(0)), 'images', /it is empty/],
    ['images without width', idxFile([4, 3, 0], new Uint8Array(0)), 'images', /images of 3×0 pixels/],
    ['a giant side', idxFile([1, 9000, 1], new Uint8Array(9000)), 'images', /each side must be 1 to 8192/],
    [
      'a claim of 2⁶³ bytes',
      idxFile([2 ** 32 - 1, 8192, 8192, 8192], new Uint8Array(9)),
      'images',
      /claims .* bytes; the limit is/,
    ],
    ['a truncated file', images.subarray(0, -1), 'images', /truncated: 39 bytes, but its header says 40/],
    ['a longer file', Buffer.concat([images, header(0)]), 'images', /too long: 41 bytes/],
  ];

  it.each(damages)('refuses %s', async (_, file, content, reason) => {
    const error = await toolkitError('DATA_CORRUPT', () => parseIdx(file, content, 'the/file'));
    expect(error.message).toMatch(reason);
    expect(error.message).toMatch(/^the\/file: /);
  });
});

it('parseIdxHeader needs no more than MAX_HEADER_BYTES of a file', () => {
  const file = idxFile([2, 2, 2, 3], new Uint8Array(24));
  expect(parseIdxHeader(file.subarray(0, MAX_HEADER_BYTES), 'images', 'x')).toEqual({
    dimensions: [2, 2, 2, 3],
    headerBytes: 20,
    fileBytes: 44,
  });
});

/** What the format's description asks for, in words of its own: type, rank, non-empty, and header and length agreeing. */
function isConsistent(file: Uint8Array, ranks: number[]): boolean {
  const rank = file[3] ?? 0;
  if (file[0] !== 0 || file[1] !== 0 || file[2] !== 8 || !ranks.includes(rank)) return false;
  let product = 1n;
  for (let index = 0; index < rank; index++) {
    const bytes = file.subarray(4 + 4 * index, 8 + 4 * index);
    product *= bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n);
  }
  return product > 0n && product + BigInt(4 + 4 * rank) === BigInt(file.length);
}

/** One of the ways in which files get damaged. */
function damage(file: Buffer, random: Random): Buffer {
  const result = Buffer.from(file);
  const headerBytes = 4 + 4 * (file[3] ?? 0);
  switch (random.integer(6)) {
    case 0:
      return result.subarray(0, random.integer(file.length));
    case 1:
      return Buffer.concat([result, Buffer.alloc(1 + random.integer(20), random.integer(256))]);
    case 2: {
      const at = random.integer(headerBytes);
      result[at] = result[at]! ^ (1 << random.integer(8));
      return result;
    }
    case 3:
      for (let at = 0; at < headerBytes; at++) if (random.integer(3) === 0) result[at] = random.integer(256);
      return result;
    case 4: {
      const at = random.integer(file.length);
      return Buffer.concat([result.subarray(0, at), result.subarray(at + 1 + random.integer(4))]);
    }
    default:
      return Buffer.from(Uint8Array.from({ length: random.integer(64) }, () => random.integer(256)));
  }
}

it.each([
  ['images', idxImages(5), [3, 4]],
  ['images', idxFile([2, 2, 2, 3], new Uint8Array(24).fill(9)), [3, 4]],
  ['labels', idxLabels([1, 2, 3, 4, 5, 6, 7]), [1]],
] as [IdxContent, Buffer, number[]][])(
  'of 1,000 damaged files of %s, none is accepted that is inconsistent',
  (content, file, ranks) => {
    const random = new Random(20, `idx-${file.length}`);
    const outcomes = { accepted: 0, refused: 0 };
    for (let round = 0; round < 1000; round++) {
      const damaged = damage(file, random);
      try {
        const { dimensions, data } = parseIdx(damaged, content, 'x');
        expect(isConsistent(damaged, ranks)).toBe(true);
        expect(data).toHaveLength(dimensions.reduce((product, size) => product * size, 1));
        outcomes.accepted++;
      } catch (error) {
        if (!(error instanceof ToolkitError)) throw error;
        expect(error.code).toBe('DATA_CORRUPT');
        expect(isConsistent(damaged, ranks)).toBe(false);
        outcomes.refused++;
      }
    }
    expect(outcomes.refused).toBeGreaterThan(900);
  },
);
