import { z } from 'zod';

import { ToolkitError } from '../core/errors.js';
import { dense } from './layers/dense.js';
import { isNotEmpty, layerFromSettings, shapeInWords } from './layers/from-settings.js';
import type { Layer } from './layers/layer.js';
import { sequence } from './layers/sequence.js';
import { layerSettings, layerTypes, type LayerSettings } from './layers/settings.js';
import { defineModel } from './model.js';

/** A model that the configuration defines layer by layer. */
export const stack = defineModel({
  name: 'stack',
  summary: 'your own layers, listed in a configuration file',
  source: 'as Keras’s Sequential (Chollet, 2015)',
  measured: {
    configuration: 'configs/stack-3x3.json',
    accuracy: 0.9969,
    seeds: 3,
    seconds: 301,
    machine: '2 cores',
  },
  options: z.strictObject({
    layers: z
      .array(layerSettings)
      .max(1000)
      .prefault([
        { type: 'convolution', filters: 16 },
        { type: 'max-pooling' },
        { type: 'flatten' },
        { type: 'dense', units: 64 },
      ])
      .meta({
        description: 'layers with type and options; an output layer is added',
        allowed: `a list of layers, each with a type: ${layerTypes.join(', ')}`,
        placeholder: 'JSON',
      }),
  }),
  build({ layers: settings }, { shape, classes }) {
    const counts = new Map<string, number>();
    let inputShape: readonly number[] = [shape.height, shape.width, shape.channels];
    const layers = settings.map((described, index) => {
      const { type } = described;
      const count = (counts.get(type) ?? 0) + 1;
      counts.set(type, count);
      const layer = fittingLayer(described, index, { name: `${type}${count}`, shape: inputShape });
      inputShape = layer.outputShape;
      return layer;
    });
    if (inputShape.length !== 1) {
      throw new ToolkitError('USAGE', {
        message: `the output layer after layers[${settings.length - 1}] needs a vector, but gets ${shapeInWords(inputShape)}`,
        hint: 'end with flatten, global-average-pooling or sequence-pooling',
      });
    }
    const classifier = dense({
      ...{ name: 'classifier', inputs: inputShape[0]!, units: classes, initializer: 'fan-in-uniform' },
    });
    return sequence([...settings.map(({ type }) => type), 'classifier'].join(', '), [...layers, classifier]);
  },
});

/** Throws USAGE, naming the layer's position, if its input shape does not fit. */
function fittingLayer(
  settings: LayerSettings,
  index: number,
  { name, shape }: { name: string; shape: readonly number[] },
): Layer {
  const refuse = (need: string): never => {
    throw new ToolkitError('USAGE', {
      message: `layers[${index}] (${settings.type}) needs ${need}, but gets ${shapeInWords(shape)}`,
      hint: 'see docs/models.md for the input and output of each layer',
    });
  };
  const layer = layerFromSettings(settings, { name, shape, refuse });
  return isNotEmpty(layer.outputShape) ? layer : refuse('a larger image');
}
