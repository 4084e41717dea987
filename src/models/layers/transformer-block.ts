import type { ActivationName } from '../activations.js';
import type { InitializerName } from '../initializers.js';
import { dense } from './dense.js';
import { dropout } from './dropout.js';
import { layerNormalization } from './layer-normalization.js';
import { chain, type Layer, type SequenceShape } from './layer.js';
import { residual } from './residual.js';
import { selfAttention } from './self-attention.js';

export interface TransformerBlockOptions {
  heads: number;
  /** The size of the hidden layer. */
  hidden: number;
  dropout: number;
  activation: ActivationName;
  initializer: InitializerName;
}

/**
 * A transformer block: self-attention and an MLP, each with a residual connection and layer normalisation of its input ("pre-norm": Xiong et
 * al., "On layer normalization in the transformer architecture", 2020).
 */
export function transformerBlock(
  name: string,
  shape: SequenceShape,
  options: TransformerBlockOptions,
): Layer {
  const [length, width] = shape;
  const { heads, hidden, dropout: rate, activation, initializer } = options;
  const perToken = { initializer, leading: [length] };
  return chain<Layer>([
    residual(
      chain<Layer>([
        layerNormalization(`${name}/normalization1`, shape),
        selfAttention({ name: `${name}/attention`, inputShape: shape, heads, initializer }),
        dropout(`${name}/dropout1`, shape, rate),
      ]),
    ),
    residual(
      chain<Layer>([
        layerNormalization(`${name}/normalization2`, shape),
        dense({ name: `${name}/dense1`, inputs: width, units: hidden, activation, ...perToken }),
        dense({ name: `${name}/dense2`, inputs: hidden, units: width, ...perToken }),
        dropout(`${name}/dropout2`, shape, rate),
      ]),
    ),
  ]);
}
