/** An IDX file of bytes, written down from the format's description and not with our own code. */
export function idxFile(dimensions: readonly number[], data: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * dimensions.length);
  header.set([0, 0, 8, dimensions.length]);
  dimensions.forEach((size, index) => header.writeUInt32BE(size, 4 + 4 * index));
  return Buffer.concat([header, data]);
}

/** Images whose pixels count up, so that no two are alike. */
export function idxImages(count: number, height = 3, width = 2): Buffer {
  const pixels = Uint8Array.from({ length: count * height * width }, (_, index) => (index * 7 + 1) % 256);
  return idxFile([count, height, width], pixels);
}

/** The labels given. */
export function idxLabels(labels: readonly number[]): Buffer {
  return idxFile([labels.length], Uint8Array.from(labels));
}
