import { add, pad } from '@tensorflow/tfjs-core';

import { elementCount } from '../../core/images.js';
import { valueOf, type SequenceLayer, type SequenceShape } from './layer.js';

/** The standard deviation of the initial values, as in "An image is worth 16×16 words". */
const STANDARD_DEVIATION = 0.02;

/**
 * Adds a learned position embedding to each token; without it a transformer ignores the order of tokens. Optionally prepends a class
 * token, which consists of its position embedding only (Dosovitskiy et al., "An image is worth 16×16 words", 2021, add a separate class
 * embedding, which is equivalent).
 */
export function positions(
  name: string,
  [length, width]: SequenceShape,
  hasClassToken: boolean,
): SequenceLayer {
  const outputShape = [length + Number(hasClassToken), width] as const;
  const embedding = `${name}/embedding`;
  return {
    outputShape,
    parameters: [
      {
        name: embedding,
        shape: outputShape,
        initialValue: (random) => random.normalArray(elementCount(outputShape), STANDARD_DEVIATION),
      },
    ],
    apply(input, values) {
      const tokens = hasClassToken
        ? pad(input, [
            [0, 0],
            [1, 0],
            [0, 0],
          ])
        : input;
      return add(tokens, valueOf(values, embedding));
    },
  };
}
