import type { ActivationName } from '../activations.js';
import { activation } from './activation.js';
import { batchNormalization } from './batch-normalization.js';
import { groupNormalization, usualGroups } from './group-normalization.js';
import { convolution, type ConvolutionOptions } from './convolution.js';
import { chain, type MapLayer } from './layer.js';
import { maxPooling } from './max-pooling.js';

export interface NormalizedConvolutionOptions extends Omit<ConvolutionOptions, 'activation' | 'hasBias'> {
  /** Undefined if a skip connection is added first. */
  activation?: ActivationName | undefined;
  /** The window of max pooling; 1 (none) by default. */
  poolSize?: number;
  normalization: NormalizationName;
}

/** What values are normalised over: the batch and the places of a channel, or a group of channels of each example. */
export const normalizationNames = ['batch', 'group'] as const;

export type NormalizationName = (typeof normalizationNames)[number];

/**
 * A convolution without bias, batch or group normalisation, and an activation. Pooling comes before the normalisation, which then processes
 * fewer values.
 */
export function normalizedConvolution(options: NormalizedConvolutionOptions): MapLayer {
  const { name, activation: activationName, poolSize = 1 } = options;
  const filtered = convolution({ ...options, activation: undefined, hasBias: false });
  const pooling = poolSize === 1 ? [] : [maxPooling(filtered.outputShape, poolSize)];
  const shape = pooling[0]?.outputShape ?? filtered.outputShape;
  const normalization =
    options.normalization === 'batch'
      ? batchNormalization({ name, shape })
      : groupNormalization(name, shape, usualGroups(shape[2]));
  const normalized = chain<MapLayer>([filtered, ...pooling, normalization]);
  return activationName === undefined
    ? normalized
    : chain<MapLayer>([normalized, activation(activationName, shape)]);
}
