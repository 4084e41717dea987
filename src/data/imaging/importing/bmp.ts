import { RejectionError } from '../../rejection.js';

/** A picture as it lies in a BMP file: red, green, blue, row by row. */
export interface BmpPicture {
  width: number;
  height: number;
  data: Uint8Array;
}

/** What a BMP file says of itself. */
export interface BmpHeader {
  width: number;
  height: number;
  isTopDown: boolean;
  bits: number;
  compression: number;
  /** Where the palette and the pixels begin. */
  paletteAt: number;
  pixelsAt: number;
  colours: number;
}

const INFO_BYTES = 40;
/** Where the masks of red, green and blue end, whichever header holds them. */
const MASKS_END = 66;
const [UNCOMPRESSED, BIT_FIELDS, ALPHA_BIT_FIELDS] = [0, 3, 6];
const DEFAULT_MASKS: Readonly<Record<number, readonly number[]>> = {
  16: [0x7c00, 0x03e0, 0x001f],
  32: [0x00ff0000, 0x0000ff00, 0x000000ff],
};

/** Reads the headers of a BMP file (BITMAPINFOHEADER and its successors); undefined where they are incomplete. Throws RejectionError. */
export function readBmpHeader(file: Buffer): BmpHeader | undefined {
  if (file.length < 14 + INFO_BYTES) return undefined;
  const infoBytes = file.readUInt32LE(14);
  if (infoBytes < INFO_BYTES)
    throw new RejectionError('a BMP of the time before Windows 3.0; save it as PNG');
  const [width, height] = [file.readInt32LE(18), file.readInt32LE(22)];
  const [bits, compression] = [file.readUInt16LE(28), file.readUInt32LE(30)];
  if (width < 0) return undefined;
  // The masks of the oldest header stand between it and the palette.
  const masks = infoBytes === INFO_BYTES ? maskBytes(compression) : 0;
  // Later headers hold them, unless they end before.
  if (isMasked(compression) && 14 + infoBytes + masks < MASKS_END) return undefined;
  return {
    ...{ width, height: Math.abs(height), isTopDown: height < 0, bits, compression },
    paletteAt: 14 + infoBytes + masks,
    pixelsAt: file.readUInt32LE(10),
    colours: file.readUInt32LE(46),
  };
}

function isMasked(compression: number): boolean {
  return compression === BIT_FIELDS || compression === ALPHA_BIT_FIELDS;
}

function maskBytes(compression: number): number {
  return compression === BIT_FIELDS ? 12 : compression === ALPHA_BIT_FIELDS ? 16 : 0;
}

/** Decodes an uncompressed BMP file of 1, 4, 8, 16, 24 or 32 bits; opacity is not looked at. Throws RejectionError. */
export function decodeBmp(file: Buffer, header: BmpHeader): BmpPicture {
  const { width, height, isTopDown, bits, compression, pixelsAt } = header;
  if (
    ![UNCOMPRESSED, BIT_FIELDS, ALPHA_BIT_FIELDS].includes(compression) ||
    ![1, 4, 8, 16, 24, 32].includes(bits)
  ) {
    throw new RejectionError(`a compressed BMP (kind ${compression}, ${bits} bits); save it as PNG`);
  }
  const rowBytes = 4 * Math.ceil((width * bits) / 32);
  if (pixelsAt < header.paletteAt || pixelsAt + rowBytes * height > file.length) {
    throw new RejectionError('cannot be decoded (its pixels are incomplete)');
  }
  const colourAt =
    bits <= 8 ? paletteReader(file, header) : bits === 24 ? threeBytes(file) : masked(file, header);
  const data = new Uint8Array(width * height * 3);
  let at = 0;
  for (let row = 0; row < height; row++) {
    const start = pixelsAt + rowBytes * (isTopDown ? row : height - 1 - row);
    for (let x = 0; x < width; x++, at += 3) colourAt(start, x, data, at);
  }
  return { width, height, data };
}

/** Writes the colour of a row's pixel. */
type ColourReader = (rowStart: number, x: number, into: Uint8Array, at: number) => void;

function paletteReader(file: Buffer, { bits, colours, paletteAt, pixelsAt }: BmpHeader): ColourReader {
  const count = Math.min(colours === 0 ? 2 ** bits : colours, Math.floor((pixelsAt - paletteAt) / 4));
  const mask = 2 ** bits - 1;
  return (rowStart, x, into, at) => {
    const bit = x * bits;
    const index = (file[rowStart + (bit >> 3)]! >> (8 - bits - (bit & 7))) & mask;
    if (index >= count) throw new RejectionError(`cannot be decoded (colour ${index} of ${count})`);
    for (let channel = 0; channel < 3; channel++)
      into[at + channel] = file[paletteAt + 4 * index + 2 - channel]!;
  };
}

function threeBytes(file: Buffer): ColourReader {
  return (rowStart, x, into, at) => {
    for (let channel = 0; channel < 3; channel++) into[at + channel] = file[rowStart + 3 * x + 2 - channel]!;
  };
}

function masked(file: Buffer, { bits, compression }: BmpHeader): ColourReader {
  const masks =
    compression === UNCOMPRESSED
      ? DEFAULT_MASKS[bits]!
      : [54, 58, 62].map((place) => file.readUInt32LE(place));
  const channels = masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    return { mask, shift, most: mask >>> shift || 1 };
  });
  return (rowStart, x, into, at) => {
    const value = bits === 16 ? file.readUInt16LE(rowStart + 2 * x) : file.readUInt32LE(rowStart + 4 * x);
    for (const [channel, { mask, shift, most }] of channels.entries()) {
      into[at + channel] = Math.round((((value & mask) >>> shift) * 255) / most);
    }
  };
}
