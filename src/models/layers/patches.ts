import { pad, reshape, transpose, type Tensor } from '@tensorflow/tfjs-core';

import type { MapShape, SequenceLayer } from './layer.js';

/**
 * Cuts an image into patches of `size` × `size` pixels, row by row: [height, width, channels] to [patches, size² · channels]. Images are
 * zero-padded at the right and bottom edge if needed.
 */
export function patches([height, width, channels]: MapShape, size: number): SequenceLayer {
  const rows = Math.ceil(height / size);
  const columns = Math.ceil(width / size);
  const [below, right] = [rows * size - height, columns * size - width];
  return {
    outputShape: [rows * columns, size * size * channels],
    parameters: [],
    apply(input) {
      const [examples = 0] = input.shape;
      const isWhole = below === 0 && right === 0;
      const filled: Tensor = isWhole
        ? input
        : pad(input, [
            [0, 0],
            [0, below],
            [0, right],
            [0, 0],
          ]);
      const squares = reshape(filled, [examples, rows, size, columns, size * channels]);
      const moved = transpose(squares, [0, 1, 3, 2, 4]);
      return reshape(moved, [examples, rows * columns, size * size * channels]);
    },
  };
}
