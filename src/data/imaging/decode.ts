import { messageOf, ToolkitError } from '../../core/errors.js';
import { countScans, MAX_SCANS } from './importing/image-header.js';
import type { Picture } from './picture.js';

/** A longer side than this is shrunk while it is decoded: there is nothing to see in it for a model of small images. */
const MAX_SIDE = 512;
/** A file may claim any size; what unpacks to more than this is refused before it is unpacked. */
const MAX_PIXELS = 120_000_000;

/** How the files of each known format begin: bytes, and where they stand. */
const SIGNATURES: readonly (readonly [format: string, offset: number, signature: string])[] = [
  ['PNG', 0, '\x89PNG\r\n\x1a\n'],
  ['JPEG', 0, '\xff\xd8\xff'],
  ['GIF', 0, 'GIF87a'],
  ['GIF', 0, 'GIF89a'],
  ['WebP', 8, 'WEBP'],
  ['TIFF', 0, 'II*\0'],
  ['TIFF', 0, 'MM\0*'],
  ['AVIF', 4, 'ftypavif'],
];

/** The names of the formats that are read. */
export const pictureFormats = [...new Set(SIGNATURES.map(([format]) => format))];

/**
 * Decodes a picture (PNG, JPEG, GIF, WebP, TIFF or AVIF; of an animation the first image), turned upright as its camera
 * says, in the colours of a screen, its longer side at most 512 pixels. Throws PICTURE_UNREADABLE, naming the picture.
 *
 * @param name how messages call the picture
 * @param maxPixels a picture whose header claims more is refused before it is decoded
 */
export async function decodePicture(
  bytes: Uint8Array,
  name: string,
  maxPixels: number = MAX_PIXELS,
): Promise<Picture> {
  const refuse = (reason: string, cause?: unknown): ToolkitError =>
    new ToolkitError('PICTURE_UNREADABLE', { path: name, reason }, { cause });
  if (bytes.length === 0) throw refuse('it is empty');
  // Looked at here, so that only decoders of raster images are ever given bytes: SVG can point to other files.
  if (formatOf(bytes) === undefined)
    throw refuse(`not a picture of a known format (${pictureFormats.join(', ')})`);
  if (formatOf(bytes) === 'JPEG' && countScans(bytes) > MAX_SCANS) throw refuse(`it has more than ${MAX_SCANS} scans`);
  const { default: sharp } = await import('sharp');
  try {
    const { data, info } = await sharp(bytes, { limitInputPixels: maxPixels })
      .autoOrient()
      .resize({ width: MAX_SIDE, height: MAX_SIDE, fit: 'inside', withoutEnlargement: true })
      .toColourspace('srgb')
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 4) throw new Error(`decoded to ${info.channels} channels`);
    return { width: info.width, height: info.height, rgba: new Uint8Array(data) };
  } catch (error) {
    if (reasonOf(error).includes('exceeds pixel limit')) {
      throw refuse(`it has more than ${maxPixels} pixels`, error);
    }
    throw refuse(`it cannot be decoded (${reasonOf(error)})`, error);
  }
}

/** The decoders' own words, in one line. */
function reasonOf(error: unknown): string {
  return messageOf(error)
    .split('\n')
    .map((line) => line.trim())
    .join(' ')
    .trim();
}

/** The format of a file by its first bytes; undefined where it is none of the known ones. */
export function formatOf(bytes: Uint8Array): string | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, 16));
  return SIGNATURES.find(([, offset, signature]) => text.startsWith(signature, offset))?.[0];
}
