import { reshape, transpose } from '@tensorflow/tfjs-core';

import type { MapShape, SequenceLayer } from './layer.js';
import { zeroPadding } from './zero-padding.js';

/**
 * Cuts an image into patches of `size` × `size` pixels, row by row: [height, width, channels] to [patches, size² · channels]. Images are
 * zero-padded at the right and bottom edge if needed.
 */
export function patches([height, width, channels]: MapShape, size: number): SequenceLayer {
  const rows = Math.ceil(height / size);
  const columns = Math.ceil(width / size);
  const filled = zeroPadding([height, width, channels], { height: rows * size, width: columns * size });
  return {
    outputShape: [rows * columns, size * size * channels],
    parameters: [],
    apply(input, values) {
      const [examples = 0] = input.shape;
      const squares = reshape(filled.apply(input, values), [examples, rows, size, columns, size * channels]);
      const moved = transpose(squares, [0, 1, 3, 2, 4]);
      return reshape(moved, [examples, rows * columns, size * size * channels]);
    },
  };
}
