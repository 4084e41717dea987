import type { ActivationName } from '../activations.js';
import { activation } from './activation.js';
import { batchNormalization } from './batch-normalization.js';
import { convolution, type ConvolutionOptions } from './convolution.js';
import { chain, type MapLayer } from './layer.js';
import { maxPooling } from './max-pooling.js';

export interface NormalizedConvolutionOptions extends Omit<ConvolutionOptions, 'activation' | 'hasBias'> {
  /** Left out where a sum with something else follows. */
  activation?: ActivationName | undefined;
  /** Height and width of the squares of which the largest value is kept; 1 by default. */
  poolSize?: number;
}

/**
 * A convolution without bias, batch normalisation and an activation. Where the image is made smaller, this is done before the
 * normalisation, which then has fewer values to look at.
 */
export function normalizedConvolution(options: NormalizedConvolutionOptions): MapLayer {
  const { name, activation: activationName, poolSize = 1 } = options;
  const filtered = convolution({ ...options, activation: undefined, hasBias: false });
  const pooling = poolSize === 1 ? [] : [maxPooling(filtered.outputShape, poolSize)];
  const shape = pooling[0]?.outputShape ?? filtered.outputShape;
  const normalized = chain<MapLayer>([filtered, ...pooling, batchNormalization({ name, shape })]);
  return activationName === undefined
    ? normalized
    : chain<MapLayer>([normalized, activation(activationName, shape)]);
}
