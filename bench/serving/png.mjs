// PNG files of one colour, at a bit a pixel: a few kilobytes that claim, and mostly hold, any number of pixels.
import { deflateSync } from 'node:zlib';

/** The places of Adam7's passes: first column and row, and the steps between columns and rows. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** A black picture; `rows` are as many as it really has, where that is fewer than it claims. */
export function blankPng(width, height, { isInterlaced = false, rows } = {}) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1;
  header[12] = isInterlaced ? 1 : 0;
  const bytes = rows ?? (isInterlaced ? interlacedBytes(width, height) : height * rowBytes(width));
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  const data = deflateSync(Buffer.alloc(bytes), { level: 9 });
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A filter's number and the pixels. */
const rowBytes = (width) => 1 + Math.ceil(width / 8);

function interlacedBytes(width, height) {
  return PASSES.reduce((sum, [x, y, stepX, stepY]) => {
    const columns = Math.ceil(Math.max(0, width - x) / stepX);
    return columns === 0 ? sum : sum + Math.ceil(Math.max(0, height - y) / stepY) * rowBytes(columns);
  }, 0);
}

function chunk(type, data) {
  const content = Buffer.concat([Buffer.from(type), data]);
  const frame = Buffer.alloc(content.length + 8);
  frame.writeUInt32BE(data.length, 0);
  content.copy(frame, 4);
  frame.writeUInt32BE(crc32(content), content.length + 4);
  return frame;
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
