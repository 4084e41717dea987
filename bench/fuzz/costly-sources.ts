import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';

import sharp, { type Sharp } from 'sharp';

import { bmpFile } from '../../test/support/bmp.js';
import { bombPng, pngClaiming } from '../../test/support/hostile-images.js';
import { npyFile } from '../../test/support/npy.js';
import { tar } from '../../test/support/tar.js';
import { zip } from '../../test/support/zip.js';

/** A source that costs as much as one of its kind can. */
export interface CostlySource {
  name: string;
  /** Where it goes in a folder; of a picture, the folder is collected, with another one for the test. */
  file: string;
  make: () => Buffer | Promise<Buffer>;
}

/** The longest side of a square picture that is taken, and of one that comes in several passes. */
const [SIDE, SIDE_IN_PASSES] = [4096, 2896];
const MEBIBYTE = 2 ** 20;

const noise = (side: number, channels: 1 | 3): Sharp =>
  sharp(randomBytes(side * side * channels), { raw: { width: side, height: side, channels } });
const zeros = (mebibytes: number): Buffer => Buffer.alloc(mebibytes * MEBIBYTE);

const zipOf = (name: string, content: Buffer, claimedBytes = content.length): Buffer =>
  zip([{ name, content, claimedBytes, isDeflated: true }]);

/** A progressive JPEG whose first scan comes again and again. */
async function manyScans(side: number, scans: number): Promise<Buffer> {
  const image = await noise(side, 3).jpeg({ progressive: true, quality: 30 }).toBuffer();
  const marker = Buffer.from([0xff, 0xda]);
  const first = image.indexOf(marker);
  const second = image.indexOf(marker, first + 2);
  const count = scans - image.toString('latin1').split('\xff\xda').length + 1;
  const again = Array.from({ length: Math.max(0, count) }, () => image.subarray(first, second));
  return Buffer.concat([image.subarray(0, second), ...again, image.subarray(second)]);
}

const picture = (name: string, make: CostlySource['make'], extension = 'png'): CostlySource => ({
  name,
  file: `train/class/picture.${extension}`,
  make,
});

export const costlySources: readonly CostlySource[] = [
  picture('refused: PNG of 20,000 × 20,000 in one bit', () => bombPng(20_000)),
  picture('refused: PNG that claims 2³¹ × 2³¹', () => pngClaiming(2 ** 31 - 1, 2 ** 31 - 1, zeros(1))),
  picture('refused: JPEG of 10,000 scans', () => manyScans(64, 10_000), 'jpg'),
  picture('legal: PNG of 4,096 × 4,096 noise', () => noise(SIDE, 1).toColourspace('b-w').png().toBuffer()),
  picture('legal: PNG of 4,096 × 4,096, four channels of 16 bits, blank', () =>
    sharp({ create: { width: SIDE, height: SIDE, channels: 4, background: '#12345678' } })
      .toColourspace('rgb16')
      .png()
      .toBuffer(),
  ),
  picture('legal: interlaced PNG of 2,896 × 2,896 noise', () =>
    noise(SIDE_IN_PASSES, 3).png({ progressive: true }).toBuffer(),
  ),
  picture('legal: JPEG of 4,096 × 4,096 noise', () => noise(SIDE, 3).jpeg({ quality: 90 }).toBuffer(), 'jpg'),
  picture('legal: JPEG of 2,896 × 2,896 noise in 32 scans', () => manyScans(SIDE_IN_PASSES, 32), 'jpg'),
  picture(
    'legal: WebP of 2,896 × 2,896 noise',
    () => noise(SIDE_IN_PASSES, 3).webp({ quality: 90 }).toBuffer(),
    'webp',
  ),
  picture(
    'refused: WebP of 4,096 × 4,096 noise',
    () => noise(SIDE, 3).webp({ quality: 90 }).toBuffer(),
    'webp',
  ),
  picture('legal: GIF of 4,096 × 4,096 noise', () => noise(SIDE, 3).gif({ effort: 1 }).toBuffer(), 'gif'),
  picture(
    'legal: TIFF of 2,600 × 2,600 noise, LZW',
    () => noise(2600, 3).tiff({ compression: 'lzw' }).toBuffer(),
    'tiff',
  ),
  picture('legal: AVIF of 2,048 × 2,048 noise', () => noise(2048, 3).avif({ effort: 0 }).toBuffer(), 'avif'),
  picture(
    'legal: BMP of 3,200 × 3,200 in 24 bits',
    () => bmpFile(3200, 3200, 24, (x, y) => [x % 256, y % 256, 0]),
    'bmp',
  ),
  picture(
    'legal: BMP of 4,096 × 4,096 in one bit',
    () => bmpFile(SIDE, SIDE, 1, (x) => [255 * (x % 2), 0, 0]),
    'bmp',
  ),
  picture(
    'legal: WebP of 3,000 × 3,000 noise, lossless',
    () => noise(3000, 3).webp({ lossless: true, effort: 0 }).toBuffer(),
    'webp',
  ),
  {
    name: 'refused: zip that says it holds 1 GiB',
    file: 'a.zip',
    make: () => zipOf('a/a.png', zeros(1024)),
  },
  {
    name: 'refused: zip of 1 GiB that says 1 MiB',
    file: 'a.zip',
    make: () => zipOf('a/a.png', zeros(1024), MEBIBYTE),
  },
  {
    name: 'refused: tar.gz of 1 GiB',
    file: 'a.tar.gz',
    make: () => gzipSync(tar([{ name: 'a/a.png', content: zeros(1024) }])),
  },
  { name: 'legal: zip of 60 MiB of zeros', file: 'a.zip', make: () => zipOf('a/a.png', zeros(60)) },
  {
    name: 'refused: npz of 1 GiB of zeros',
    file: 'a.npz',
    make: () => zipOf('train_images.npy', npyFile('|u1', [1024, 1024, 1024], zeros(1024))),
  },
  {
    name: 'refused: npz of 1 GiB of zeros that says 1 MiB',
    file: 'a.npz',
    make: () => zipOf('train_images.npy', npyFile('|u1', [1024, 1024, 1024], zeros(1024)), MEBIBYTE),
  },
  {
    name: 'refused: table with a field of 3 million line ends',
    file: 'a.csv',
    make: () => Buffer.from(`file,label\n"${'\n'.repeat(3_000_000)}`),
  },
  {
    name: 'refused: table of 4 million columns',
    file: 'a.csv',
    make: () => Buffer.from(`label${','.repeat(4_000_000)}\n`),
  },
  {
    name: 'refused: table of one line of 64 MiB',
    file: 'a.csv',
    make: () => Buffer.alloc(64 * MEBIBYTE, 'a'),
  },
];
