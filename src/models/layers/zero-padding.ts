import { pad } from '@tensorflow/tfjs-core';

import type { MapLayer, MapShape } from './layer.js';

/** Zero padding at the bottom and the right edge, up to a height and a width that are at least those of the input. */
export function zeroPadding(
  [height, width, channels]: MapShape,
  to: { height: number; width: number },
): MapLayer {
  const [below, right] = [to.height - height, to.width - width];
  return {
    outputShape: [to.height, to.width, channels],
    parameters: [],
    apply: (input) =>
      below === 0 && right === 0
        ? input
        : pad(input, [
            [0, 0],
            [0, below],
            [0, right],
            [0, 0],
          ]),
  };
}
