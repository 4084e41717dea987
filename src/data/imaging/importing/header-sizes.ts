interface Size {
  width: number;
  height: number;
  /** What the file is beside one still image. */
  others?: string;
}

export const AN_ANIMATION = 'an animation, not a still image';

/** GIF89a specification, 18 and 20: the logical screen, and then one image, or several. */
export function gifSize(file: Buffer): Size | undefined {
  if (file.length < 13) return undefined;
  const size = { width: file.readUInt16LE(6), height: file.readUInt16LE(8) };
  let at = 13 + colourTableBytes(file[10]!);
  for (let images = 0; at < file.length;) {
    const block = file[at]!;
    if (block === 0x2c) {
      if (++images > 1) return { ...size, others: AN_ANIMATION };
      at += 11 + colourTableBytes(file[at + 9] ?? 0);
    } else if (block === 0x21) at += 2;
    else break;
    // Sub-blocks, each after its length, up to one of none.
    while (at < file.length && file[at] !== 0) at += file[at]! + 1;
    at++;
  }
  return size;
}

/** 3 bytes for each of 2 to 256 colours, where a flag says that there is a table. */
function colourTableBytes(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1);
}

const [WIDTH_TAG, HEIGHT_TAG, SHORT] = [256, 257, 3];

/** TIFF 6.0, section 2: the first directory of tags. */
export function tiffSize(file: Buffer): Size | undefined {
  const isBig = file[0] === 0x4d;
  const short = (at: number): number => (isBig ? file.readUInt16BE(at) : file.readUInt16LE(at));
  const long = (at: number): number => (isBig ? file.readUInt32BE(at) : file.readUInt32LE(at));
  if (file.length < 8) return undefined;
  const directory = long(4);
  if (directory + 2 > file.length) return undefined;
  const end = directory + 2 + 12 * short(directory);
  if (end + 4 > file.length) return undefined;
  const valueOf = (tag: number): number | undefined => {
    for (let at = directory + 2; at < end; at += 12) {
      if (short(at) === tag) return short(at + 2) === SHORT ? short(at + 8) : long(at + 8);
    }
    return undefined;
  };
  const [width, height] = [valueOf(WIDTH_TAG), valueOf(HEIGHT_TAG)];
  if (width === undefined || height === undefined) return undefined;
  return { width, height, ...(long(end) === 0 ? {} : { others: 'several pages, not one image' }) };
}

/** ISO/IEC 23008-12, 6.5.3: the largest `ispe` box, which of a tiled image is that of the whole. */
export function avifSize(file: Buffer): Size | undefined {
  let size: Size | undefined;
  for (let at = file.indexOf('ispe', 0, 'latin1'); at >= 0; at = file.indexOf('ispe', at + 4, 'latin1')) {
    if (at + 16 > file.length) break;
    const found = { width: file.readUInt32BE(at + 8), height: file.readUInt32BE(at + 12) };
    if (!size || found.width * found.height > size.width * size.height) size = found;
  }
  return size;
}
