import { batchNormalization } from '../layers/batch-normalization.js';
import { dropout } from '../layers/dropout.js';
import { layerNormalization } from '../layers/layer-normalization.js';
import { applyFunction, slopedFunctions } from './functions.js';
import { concatenateNode, mergeNode } from './merging.js';
import { imageShape, onlyShape, withOneInput, type GraphNode, type NodePlace } from './node.js';
import type { NodeSettings, SettingsOf } from './node-settings.js';
import { denseNode, flattenNode, reshapeNode, scalingNode, transposeNode } from './vectors.js';
import { convolutionNode, globalPoolingNode, paddingNode, poolingNode } from './windows.js';

/** Builds a node from its settings, for its place. Calls `refuse` if its inputs do not fit. */
export function nodeFromSettings(settings: NodeSettings, place: NodePlace): GraphNode {
  const { name } = place;
  switch (settings.type) {
    case 'convolution':
    case 'depthwise-convolution':
      return convolutionNode(place, settings);
    case 'dense':
      return denseNode(place, settings);
    case 'batch-normalization': {
      const { momentum, epsilon, scale: hasScale, offset: hasOffset } = settings;
      const shape = onlyShape(place);
      return withOneInput(batchNormalization({ name, shape, momentum, epsilon, hasScale, hasOffset }));
    }
    case 'layer-normalization':
      return withOneInput(layerNormalization(name, onlyShape(place), settings.epsilon));
    case 'scaling':
      return scalingNode(place);
    case 'activation':
      return activationNode(place, settings);
    case 'max-pooling':
    case 'average-pooling':
      return poolingNode(place, settings);
    case 'global-pooling':
      return globalPoolingNode(place, settings);
    case 'dropout': {
      const shape = settings.spatial ? imageShape(place) : onlyShape(place);
      return withOneInput(dropout(name, shape, settings.rate, settings.spatial));
    }
    case 'flatten':
      return flattenNode(place, settings);
    case 'reshape':
      return reshapeNode(place, settings);
    case 'transpose':
      return transposeNode(place, settings);
    case 'zero-padding':
      return paddingNode(place, settings);
    case 'merge':
      return mergeNode(place, settings);
    case 'concatenate':
      return concatenateNode(place, settings);
  }
}

function activationNode(place: NodePlace, { function: name, slope }: SettingsOf<'activation'>): GraphNode {
  if (slope !== undefined && !slopedFunctions.has(name)) place.refuse(`no slope: ${name} has none`);
  return {
    outputShape: onlyShape(place),
    parameters: [],
    apply: ([input]) => applyFunction(name, input!, slope),
  };
}
