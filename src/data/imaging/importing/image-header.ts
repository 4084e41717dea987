import { RejectionError } from '../../rejection.js';
import { readBmpHeader, type BmpHeader } from './bmp.js';
import { AN_ANIMATION, gifSize, tiffSize, avifSize } from './header-sizes.js';

/** What the first bytes of an image file say, before anything is decoded or allocated by it. */
export interface ImageHeader {
  format: 'png' | 'jpeg' | 'webp' | 'gif' | 'bmp' | 'tiff' | 'avif';
  width: number;
  height: number;
  /** What the headers of a BMP say, which the decoder of the others does not know. */
  bmp?: BmpHeader;
  /** What it is beside one still image: an animation, or several pages. */
  others?: string;
  /** In how many passes the image becomes complete: 1, but for progressive JPEG and interlaced PNG. */
  scans: number;
}

type Size = Pick<ImageHeader, 'width' | 'height' | 'bmp' | 'others'>;

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Passes over pixels that a progressive JPEG may ask for; a real one asks for about ten. */
export const MAX_SCANS = 32;
const ANIMATION_FLAG = 0x02;
/** Decoding takes 80 ms a MiB of WebP and several times that of AVIF; a photo of 16 million pixels has about 4 MiB. */
const MAX_LOSSY_BYTES = 8 * 2 ** 20;

/** The names of the formats that are read. */
export const imageFormats = ['PNG', 'JPEG', 'WebP', 'GIF', 'BMP', 'TIFF', 'AVIF'] as const;
const KNOWN = `${imageFormats.slice(0, -1).join(', ')} or ${imageFormats.at(-1)!}`;

/** The bytes of a file as the functions here take them; they are not copied. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Whether a file begins as one of the formats does. */
export function isImage(file: Buffer): boolean {
  return formatOf(file) !== undefined;
}

/** Reads the size of an image in one of the formats above, told apart by content alone. Throws RejectionError for anything else. */
export function readImageHeader(file: Buffer): ImageHeader {
  if (file.length === 0) throw new RejectionError('an empty file');
  const { format, size } = locate(file);
  if (!size) throw new RejectionError(`damaged: its ${format.toUpperCase()} header is incomplete`);
  if (size.width === 0 || size.height === 0) throw new RejectionError('damaged: it claims to have no pixels');
  return { format, ...size, scans: scansOf(file, format) };
}

/** Whether a picture may have transparent parts: not by the headers of JPEG and of most PNG. */
export function mayBeTransparent(file: Buffer, { format }: ImageHeader): boolean {
  if (format === 'jpeg') return false;
  // The colour type in IHDR has a bit for opacity; the other types say in a chunk of its own what is transparent.
  return format !== 'png' || (file[25]! & 4) !== 0 || file.includes('tRNS', 0, 'latin1');
}

function scansOf(file: Buffer, format: ImageHeader['format']): number {
  if (format === 'jpeg') return countScans(file);
  // The last byte of IHDR: 1 is Adam7, of seven passes.
  return format === 'png' && file[28] === 1 ? 7 : 1;
}

const SIZES: Readonly<Record<ImageHeader['format'], (file: Buffer) => Size | undefined>> = {
  png: pngSize,
  jpeg: jpegSize,
  webp: webpSize,
  gif: gifSize,
  tiff: tiffSize,
  avif: avifSize,
  bmp: bmpSize,
};

/** The format by the first bytes, before anything else is looked at. */
function formatOf(file: Buffer): ImageHeader['format'] | undefined {
  const start = textAt(file, 0);
  if (file.subarray(0, 8).equals(PNG_SIGNATURE)) return 'png';
  if (file[0] === 0xff && file[1] === 0xd8) return 'jpeg';
  if (start === 'RIFF' && textAt(file, 8) === 'WEBP') return 'webp';
  if (/^GIF8[79]a/.test(start + textAt(file, 4))) return 'gif';
  if (['II*\0', 'MM\0*'].includes(start)) return 'tiff';
  if (textAt(file, 4) === 'ftyp' && /avi[fs]/.test(file.toString('latin1', 8, 40))) return 'avif';
  return start.startsWith('BM') ? 'bmp' : undefined;
}

function locate(file: Buffer): { format: ImageHeader['format']; size: Size | undefined } {
  const format = formatOf(file);
  if (format !== undefined) {
    refuseLong(file, format);
    return { format, size: SIZES[format](file) };
  }
  const start = file
    .subarray(0, 4)
    .toString('hex')
    .replace(/(..)(?=.)/g, '$1 ');
  throw new RejectionError(`not a ${KNOWN} image: it starts with ${start}`);
}

/** Lossy formats whose bytes take long to decode. */
function refuseLong(file: Buffer, format: ImageHeader['format']): void {
  const isLossy = format === 'avif' || (format === 'webp' && textAt(file, 12) !== 'VP8L');
  if (!isLossy || file.length <= MAX_LOSSY_BYTES) return;
  const name = format === 'avif' ? 'AVIF' : 'WebP';
  throw new RejectionError(
    `${file.length} bytes, more than the ${MAX_LOSSY_BYTES} that ${name} images may have`,
  );
}

function bmpSize(file: Buffer): Size | undefined {
  const bmp = readBmpHeader(file);
  return bmp && { width: bmp.width, height: bmp.height, bmp };
}

/** PNG specification (ISO/IEC 15948), 11.2.2: IHDR comes first. */
function pngSize(file: Buffer): Size | undefined {
  if (file.length < 33 || file.readUInt32BE(8) !== 13 || textAt(file, 12) !== 'IHDR') return undefined;
  return { width: file.readUInt32BE(16), height: file.readUInt32BE(20) };
}

/** ITU-T T.81, B.1: segments up to the frame header, which is any SOF marker. */
function jpegSize(file: Buffer): Size | undefined {
  let at = 2;
  while (at + 9 <= file.length) {
    if (file[at] !== 0xff) return undefined;
    const marker = file[at + 1]!;
    // A marker may be preceded by any number of fill bytes.
    if (marker === 0xff) at += 1;
    else if (isFrameHeader(marker))
      return { height: file.readUInt16BE(at + 5), width: file.readUInt16BE(at + 7) };
    else at += 2 + file.readUInt16BE(at + 2);
  }
  return undefined;
}

/** SOF0 to SOF15, but for those numbers that mean Huffman tables, an extension and arithmetic coding. */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** RFC 9649: lossy, lossless or extended. */
function webpSize(file: Buffer): Size | undefined {
  if (file.length < 30) return undefined;
  switch (textAt(file, 12)) {
    case 'VP8 ':
      if (file.readUIntBE(23, 3) !== 0x9d012a) return undefined;
      return { width: file.readUInt16LE(26) & 0x3fff, height: file.readUInt16LE(28) & 0x3fff };
    case 'VP8L': {
      if (file[20] !== 0x2f) return undefined;
      const bits = file.readUInt32LE(21);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case 'VP8X':
      return {
        width: file.readUIntLE(24, 3) + 1,
        height: file.readUIntLE(27, 3) + 1,
        ...((file[20]! & ANIMATION_FLAG) === 0 ? {} : { others: AN_ANIMATION }),
      };
    default:
      return undefined;
  }
}

/** Start-of-scan markers of a JPEG. Within entropy-coded data 0xff is always followed by 0, so that they cannot occur there. */
function countScans(file: Buffer): number {
  const marker = Buffer.from([0xff, 0xda]);
  let scans = 0;
  for (let at = file.indexOf(marker); at >= 0; at = file.indexOf(marker, at + 2)) scans++;
  return scans;
}

function textAt(file: Buffer, start: number): string {
  return file.toString('latin1', start, start + 4);
}
