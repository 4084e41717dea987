import sharp, { type Sharp } from 'sharp';

import { pixelsPerImage, rowOf, type ImageShape, type LabelledImages } from '../../core/images.js';

/** A picture that a person can look at: grey (one channel) or red, green and blue (three), a byte each. */
export interface Picture {
  width: number;
  height: number;
  channels: 1 | 3;
  data: Uint8Array;
}

/** The bytes of an image as a picture. What has neither one channel nor three is shown by its first. */
export function pictureOf(bytes: Uint8Array, { width, height, channels }: ImageShape): Picture {
  if (channels === 1 || channels === 3) return { width, height, channels, data: bytes };
  const data = Uint8Array.from({ length: width * height }, (_, pixel) => bytes[pixel * channels]!);
  return { width, height, channels: 1, data };
}

/** The picture of an image of a data set. */
export function pictureAt({ pixels, shape }: LabelledImages, index: number): Picture {
  const size = pixelsPerImage(shape);
  return pictureOf(rowOf(pixels, index, size), shape);
}

/** Pictures of one size side by side, row by row; cells without one stay black. */
export function mosaic(rows: readonly (readonly Picture[])[]): Picture {
  const [first] = rows.flat();
  if (!first) throw new Error('a mosaic needs a picture');
  const { width, height, channels } = first;
  const columns = Math.max(...rows.map((row) => row.length));
  const lineBytes = columns * width * channels;
  const data = new Uint8Array(rows.length * height * lineBytes);
  rows.forEach((row, rowIndex) => {
    row.forEach((picture, column) => {
      for (let y = 0; y < height; y++) {
        const line = rowOf(picture.data, y, width * channels);
        data.set(line, (rowIndex * height + y) * lineBytes + column * width * channels);
      }
    });
  });
  return { width: columns * width, height: rows.length * height, channels, data };
}

/** A picture in the hands of sharp, to be encoded or changed. */
export function asSharp({ width, height, channels, data }: Picture): Sharp {
  return sharp(data, { raw: { width, height, channels } });
}

/** Makes a picture smaller, by averaging, until no side is longer than `side`. */
export async function shrink(picture: Picture, side: number): Promise<Picture> {
  if (Math.max(picture.width, picture.height) <= side) return picture;
  const { data, info } = await asSharp(picture)
    .resize({ width: side, height: side, fit: 'inside', kernel: 'lanczos3' })
    .toColourspace(picture.channels === 1 ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: picture.channels, data };
}

/** A picture as a `data:` address, for a page that needs no other file. */
export async function dataAddress(picture: Picture): Promise<string> {
  const png = await asSharp(picture)
    .toColourspace(picture.channels === 1 ? 'b-w' : 'srgb')
    .png({ compressionLevel: 9 })
    .toBuffer();
  return `data:image/png;base64,${png.toString('base64')}`;
}

/** The longest side of a thumbnail, in pixels. */
const THUMBNAIL_SIDE = 64;

/** A picture as a small `data:` address: as it is where it is small, else shrunk and, as its pixels are others then anyway, lossy. */
export async function thumbnail(picture: Picture): Promise<string> {
  const small = await shrink(picture, THUMBNAIL_SIDE);
  if (small === picture) return dataAddress(picture);
  const file = await asSharp(small).toColourspace('srgb').webp({ quality: 85 }).toBuffer();
  return `data:image/webp;base64,${file.toString('base64')}`;
}
