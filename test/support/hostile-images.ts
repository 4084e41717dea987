import { crc32, deflateSync } from 'node:zlib';

import sharp, { type Sharp } from 'sharp';

import type { Random } from '../../src/core/random.js';
import { bmpFile } from './bmp.js';

/** A file that was made to do harm, or that came to harm. */
export interface HostileFile {
  name: string;
  content: Buffer;
}

/** A PNG written down from the specification, so that it may claim what it likes; its checksums are right. */
export function pngClaiming(width: number, height: number, data: Buffer, depth = 8): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, 0, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** A PNG of one bit a pixel, all black, that is small on the disk and large in memory. */
export function bombPng(side: number): Buffer {
  return pngClaiming(side, side, deflateSync(Buffer.alloc(side * (1 + Math.ceil(side / 8)))), 1);
}

/** Good images of each format, to be damaged. */
export async function goodImages(): Promise<HostileFile[]> {
  const data = Buffer.from(
    Array.from({ length: 40 * 30 * 3 }, (_, index) => (index * index + 7 * index) % 256),
  );
  const image = (): Sharp => sharp(data, { raw: { width: 40, height: 30, channels: 3 } });
  return [
    { name: 'a.png', content: await image().png().toBuffer() },
    { name: 'b.png', content: await image().png({ palette: true, progressive: true }).toBuffer() },
    { name: 'c.png', content: await image().toColourspace('rgb16').png().toBuffer() },
    { name: 'd.jpg', content: await image().jpeg().toBuffer() },
    { name: 'e.jpeg', content: await image().jpeg({ progressive: true }).toBuffer() },
    { name: 'f.webp', content: await image().webp().toBuffer() },
    { name: 'g.webp', content: await image().ensureAlpha(0.5).webp({ lossless: true }).toBuffer() },
    { name: 'h.gif', content: await image().gif().toBuffer() },
    { name: 'i.tiff', content: await image().tiff({ compression: 'lzw' }).toBuffer() },
    { name: 'j.tif', content: await image().tiff({ compression: 'deflate', tile: true }).toBuffer() },
    { name: 'k.tiff', content: await image().tiff({ compression: 'jpeg' }).toBuffer() },
    { name: 'l.avif', content: await image().avif({ effort: 0 }).toBuffer() },
    {
      name: 'm.bmp',
      content: bmpFile(40, 30, 24, (x, y) => [x * y, 5 * x, 8 * y].map((value) => value % 256)),
    },
    { name: 'n.bmp', content: bmpFile(40, 30, 4, (x) => [6 * x, 0, 0]) },
    { name: 'o.dib', content: withMasks(bmpFile(40, 30, 16, (x, y) => [6 * x, 8 * y, 0])) },
    { name: 'p.jpg', content: await image().toColourspace('cmyk').jpeg().toBuffer() },
  ];
}

/** The same picture with the masks of its colours in the file, as other programs write 16 bits. */
function withMasks(bmp: Buffer): Buffer {
  const masks = Buffer.alloc(12);
  [0x7c00, 0x03e0, 0x001f].forEach((mask, index) => masks.writeUInt32LE(mask, 4 * index));
  const file = Buffer.concat([bmp.subarray(0, 54), masks, bmp.subarray(54)]);
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(66, 10);
  file.writeUInt32LE(3, 30);
  return file;
}

const NAMES = [
  'é',
  'e\u0301',
  '数字',
  '😀',
  'a b',
  '-rf',
  '%2e%2e',
  "'; rm",
  '\u202egnp',
  'line\nend',
  'x'.repeat(180),
  '..png',
  '\\up',
];
const EXTENSIONS = [
  '.png',
  '.jpg',
  '.webp',
  '.jpeg',
  '.PNG',
  '.gif',
  '.tiff',
  '.avif',
  '.bmp',
  '.txt',
  '.svg',
  '',
];

/** An image file that is damaged or dressed up in one of many ways, the next by the random numbers. */
export function damagedImage(random: Random, good: readonly HostileFile[], index: number): HostileFile {
  const { name, content } = good[random.integer(good.length)]!;
  const damaged = damage(random, Buffer.from(content));
  const isRenamed = random.integer(3) === 0;
  const stem = isRenamed ? NAMES[random.integer(NAMES.length)]! : name.replace(/\..*/, '');
  const extension = isRenamed ? EXTENSIONS[random.integer(EXTENSIONS.length)]! : name.replace(/.*\./, '.');
  return { name: `${stem}${index}${extension}`, content: damaged };
}

/** Bytes that are changed in one of many ways. */
export function damage(random: Random, content: Buffer): Buffer {
  const at = random.integer(Math.max(1, content.length));
  switch (random.integer(9)) {
    case 0:
      return content.subarray(0, at);
    case 1:
      for (let flips = 1 + random.integer(20); flips > 0; flips--) {
        content[random.integer(content.length)]! ^= 1 << random.integer(8);
      }
      return content;
    case 2:
      return Buffer.concat([content.subarray(0, at), content.subarray(random.integer(content.length))]);
    case 3:
      return Buffer.concat([content, Buffer.alloc(random.integer(5000), at)]);
    case 4:
      // In the header, where the sizes are.
      for (let byte = 0; byte < 4; byte++)
        content[random.integer(Math.min(64, content.length))] = random.integer(256);
      return content;
    case 5:
      return Buffer.from(Array.from({ length: random.integer(400) }, () => random.integer(256)));
    case 6:
      return pngClaiming(random.bits() >>> random.integer(32), random.bits() >>> random.integer(32), content);
    case 7:
      content.fill(random.integer(256), at);
      return content;
    default:
      return random.integer(20) === 0 ? bombPng(2 ** (10 + random.integer(5))) : content.subarray(at);
  }
}
