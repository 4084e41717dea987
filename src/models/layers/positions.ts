import { add, pad } from '@tensorflow/tfjs-core';

import { elementCount } from '../../core/images.js';
import { valueOf, type SequenceLayer, type SequenceShape } from './layer.js';

/** The spread that positions start with, as in "An image is worth 16×16 words". */
const STANDARD_DEVIATION = 0.02;

/**
 * Adds to each token of a sequence numbers that are learnt for its place, without which a transformer could not tell places apart. With a
 * class token, the sequence gets a token more in front, which has no content of its own: its numbers are all that it starts from
 * (Dosovitskiy et al., "An image is worth 16×16 words", 2021, have a vector beside its position, which only adds up to the same).
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
