/** Red, green and blue of a pixel, from 0 to 255. */
type Colour = (x: number, y: number) => readonly number[];

/** An uncompressed BMP file written down from Microsoft's documentation of BITMAPINFOHEADER. */
export function bmpFile(
  width: number,
  height: number,
  bits: 1 | 4 | 8 | 16 | 24 | 32,
  colour: Colour,
  topDown = false,
): Buffer {
  const colours = bits <= 8 ? 2 ** bits : 0;
  const rowBytes = 4 * Math.ceil((width * bits) / 32);
  const pixelsAt = 54 + 4 * colours;
  const file = Buffer.alloc(pixelsAt + rowBytes * height);
  file.write('BM');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(pixelsAt, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(topDown ? -height : height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(bits, 28);
  // Of a palette, colour n of N is the grey n / (N - 1).
  for (let index = 0; index < colours; index++)
    file.fill(Math.round((255 * index) / (colours - 1)), 54 + 4 * index, 57 + 4 * index);
  for (let y = 0; y < height; y++) {
    const row = pixelsAt + rowBytes * (topDown ? y : height - 1 - y);
    for (let x = 0; x < width; x++) {
      const [red = 0, green = 0, blue = 0] = colour(x, y);
      if (bits <= 8) {
        const index = Math.round((red * (colours - 1)) / 255);
        file[row + ((x * bits) >> 3)]! |= index << (8 - bits - ((x * bits) & 7));
      } else if (bits === 16)
        file.writeUInt16LE(((red >> 3) << 10) | ((green >> 3) << 5) | (blue >> 3), row + 2 * x);
      else file.set([blue, green, red], row + (bits / 8) * x);
    }
  }
  return file;
}
