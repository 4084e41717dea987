import { elementCount } from '../../core/images.js';
import type { ActivationName } from '../activations.js';
import { activation } from './activation.js';
import { averagePooling, globalAveragePooling } from './average-pooling.js';
import { batchNormalization } from './batch-normalization.js';
import {
  convolution,
  depthwiseConvolution,
  separableConvolution,
  type ConvolutionOptions,
} from './convolution.js';
import { dense } from './dense.js';
import { dropout } from './dropout.js';
import { flatten } from './flatten.js';
import { groupNormalization } from './group-normalization.js';
import { layerNormalization } from './layer-normalization.js';
import type { Layer, MapShape, SequenceShape } from './layer.js';
import { maxPooling } from './max-pooling.js';
import { patches } from './patches.js';
import { positions } from './positions.js';
import { recurrent } from './recurrent.js';
import { rows } from './rows.js';
import { selfAttention } from './self-attention.js';
import { sequencePooling } from './sequence-pooling.js';
import type { LayerSettings } from './settings.js';
import { transformerBlock } from './transformer-block.js';

/** The position of a layer. */
export interface LayerPlace {
  /** The prefix of its parameter names: "convolution2". */
  readonly name: string;
  /** The input shape of one example. */
  readonly shape: readonly number[];
  /** Throws an error that says which input the layer needs. */
  readonly refuse: (need: string) => never;
}

/** Builds a layer from its settings, for its position. Calls `refuse` if the input shape does not fit. */
export function layerFromSettings(settings: LayerSettings, place: LayerPlace): Layer {
  const { name, shape } = place;
  switch (settings.type) {
    case 'convolution':
      return convolution({ ...settings, ...windowAt(place, settings) });
    case 'depthwise-convolution':
      return depthwiseConvolution({ ...settings, ...windowAt(place, settings) });
    case 'separable-convolution':
      return separableConvolution({ ...settings, ...windowAt(place, settings) });
    case 'max-pooling':
      return maxPooling(mapAt(place), settings.size);
    case 'average-pooling':
      return averagePooling(mapAt(place), settings.size);
    case 'global-average-pooling':
      return globalAveragePooling(mapAt(place));
    case 'batch-normalization':
      return batchNormalization({ name, shape, momentum: settings.momentum, epsilon: settings.epsilon });
    case 'group-normalization': {
      const map = mapAt(place);
      const { groups } = settings;
      if (map[2] % groups !== 0) place.refuse(`a number of channels that ${groups} groups divide`);
      return groupNormalization(name, map, groups);
    }
    case 'layer-normalization':
      return layerNormalization(name, shape);
    case 'activation':
      return activation(settings.function, shape);
    case 'dropout':
      return dropout(name, shape, settings.rate);
    case 'flatten':
      return flatten(shape);
    case 'dense': {
      if (shape.length > 2) place.refuse('a vector or a sequence (flatten makes one)');
      const { units, initializer } = settings;
      const common = { name, inputs: shape.at(-1)!, leading: shape.slice(0, -1) };
      return dense({ ...common, units, initializer, activation: activationOf(settings.activation) });
    }
    case 'rows':
      return rows(mapAt(place));
    case 'patches':
      return patches(mapAt(place), settings.size);
    case 'positions':
      return positions(name, sequenceAt(place), settings.classToken);
    case 'self-attention':
      return selfAttention({ ...settings, name, inputShape: divisible(place, settings.heads) });
    case 'transformer-block':
      return transformerBlock(name, divisible(place, settings.heads), settings);
    case 'recurrent':
      return recurrent({ ...settings, name, inputShape: sequenceAt(place) });
    case 'sequence-pooling':
      return sequencePooling(sequenceAt(place), settings.kind);
  }
}

/** A shape in words: "13×13×16". */
export function shapeInWords(shape: readonly number[]): string {
  return shape.join('×');
}

/** Whether all dimensions are positive. */
export function isNotEmpty(shape: readonly number[]): boolean {
  return elementCount(shape) > 0 && shape.every((size) => size > 0);
}

function activationOf(name: ActivationName | 'none'): ActivationName | undefined {
  return name === 'none' ? undefined : name;
}

/** Settings of a convolution that differ from the stored ones. */
function windowAt(
  place: LayerPlace,
  { bias, activation: follows }: { bias: boolean; activation: ActivationName | 'none' },
): Required<Pick<ConvolutionOptions, 'name' | 'inputShape' | 'hasBias'>> & {
  activation: ActivationName | undefined;
} {
  const { name } = place;
  return { name, inputShape: mapAt(place), hasBias: bias, activation: activationOf(follows) };
}

function mapAt({ shape, refuse }: LayerPlace): MapShape {
  return shape.length === 3 ? (shape as MapShape) : refuse('an image (height × width × channels)');
}

function sequenceAt({ shape, refuse }: LayerPlace): SequenceShape {
  return shape.length === 2 ? (shape as SequenceShape) : refuse('a sequence (rows or patches makes one)');
}

function divisible(place: LayerPlace, heads: number): SequenceShape {
  const shape = sequenceAt(place);
  return shape[1] % heads === 0 ? shape : place.refuse(`a width that ${heads} heads divide`);
}
