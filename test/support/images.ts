import type { LabelledImages } from '../../src/core/images.js';

/** Grey images of one size from rows of numbers, one list an image. */
export function greyImages(
  width: number,
  images: readonly (readonly number[])[],
  labels: readonly number[] = images.map(() => 0),
): LabelledImages {
  const height = (images[0]?.length ?? 0) / width;
  return {
    count: images.length,
    shape: { height, width, channels: 1 },
    pixels: Uint8Array.from(images.flat()),
    labels: Uint8Array.from(labels),
  };
}

/** Some images of a set, by position. */
export function chosenImages(
  { shape, pixels, labels }: LabelledImages,
  indices: readonly number[],
): LabelledImages {
  const size = pixels.length / labels.length;
  return {
    count: indices.length,
    shape,
    pixels: Uint8Array.from(
      indices.flatMap((index) => [...pixels.subarray(index * size, (index + 1) * size)]),
    ),
    labels: Uint8Array.from(indices, (index) => labels[index]!),
  };
}
