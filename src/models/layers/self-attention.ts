import {
  add,
  matMul,
  mul,
  reshape,
  softmax,
  transpose,
  unstack,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';

import { initializers, type InitializerName } from '../initializers.js';
import { dense } from './dense.js';
import { valueOf, type Layer, type SequenceShape } from './layer.js';

export interface SelfAttentionOptions {
  name: string;
  inputShape: SequenceShape;
  /** The number of attention heads; must divide the width. */
  heads: number;
  initializer: InitializerName;
}

/**
 * Multi-head self-attention: softmax(Q Kᵀ / √d) V for each head, followed by an output projection (Vaswani et al., "Attention is all you
 * need", 2017). Queries, keys and values are computed in one matrix product.
 */
export function selfAttention({ name, inputShape, heads, initializer }: SelfAttentionOptions): Layer {
  const [length, width] = inputShape;
  const headWidth = width / heads;
  const kernel = `${name}/projection/kernel`;
  const bias = `${name}/projection/bias`;
  const start = initializers[initializer];
  const output = dense({ name: `${name}/output`, inputs: width, units: width, initializer });
  return {
    outputShape: inputShape,
    parameters: [
      {
        name: kernel,
        shape: [width, 3 * width],
        // Three concatenated matrices with `width` outputs each.
        initialValue: (random) => start.kernel(random, 3 * width * width, width, width),
      },
      {
        name: bias,
        shape: [3 * width],
        initialValue: (random) => start.bias(random, 3 * width, width),
      },
      ...output.parameters,
    ],
    // Queries, keys and values twice, the output of the heads, and the attention weights.
    cost: { numbers: 12 * length * width + 2 * heads * length ** 2, operations: 20 },
    apply(input, values) {
      const [examples = 0] = input.shape;
      const tokens: Tensor2D = reshape(input, [examples * length, width]);
      const product = matMul(tokens, valueOf(values, kernel) as Tensor2D);
      const projected: Tensor = add(product, valueOf(values, bias));
      const byHead = transpose(reshape(projected, [examples, length, 3, heads, headWidth]), [0, 2, 3, 1, 4]);
      const [queries, keys, contents] = unstack(byHead, 1) as [Tensor, Tensor, Tensor];
      const scores = matMul(mul(queries, 1 / Math.sqrt(headWidth)), keys, false, true);
      const found = transpose(matMul(softmax(scores), contents), [0, 2, 1, 3]);
      const mixed = output.apply(reshape(found, [examples * length, width]), values);
      return reshape(mixed, [examples, length, width]);
    },
  };
}
