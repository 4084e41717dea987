import { z } from 'zod';

import { elementCount } from '../../core/images.js';
import type { NodeDescription } from '../graph/node-settings.js';
import { graph } from '../graph.js';
import { layerOf, partOf, type Model, type ModelTask, type ParameterSpec } from '../model.js';

export const widthOption = z
  .number()
  .min(0.125)
  .max(4)
  .default(1)
  .meta({ description: "channels of each layer, as a multiple of torchvision's" });

/** A network of torchvision. */
export interface Backbone {
  description: string;
  nodes: readonly NodeDescription[];
  /** The initial weights of a dense layer; its defaults, those of PyTorch, where it is left out. */
  dense?: (spec: ParameterSpec) => ParameterSpec;
}

/**
 * The model of a network that torchvision defines: a graph whose nodes have the names of its modules. It starts from weights as torchvision's
 * does: convolutions from a normal distribution with the variance 2 / fan-out (He et al., “Delving deep into rectifiers”, 2015), their biases from 0.
 */
export function backboneModel(
  { description, nodes, dense = (spec) => spec }: Backbone,
  task: ModelTask,
): Model {
  const model = graph.build(graph.options.parse({ nodes }), task);
  const kernels = new Set(
    model.parameters.filter(({ shape }) => shape.length === 4).map(({ name }) => layerOf(name)),
  );
  const started = (spec: ParameterSpec): ParameterSpec => {
    const part = partOf(spec.name);
    if (part !== 'kernel' && part !== 'bias') return spec;
    if (!kernels.has(layerOf(spec.name))) return dense(spec);
    return part === 'bias' ? zeros(spec) : heNormal(spec);
  };
  return { ...model, description, parameters: model.parameters.map(started) };
}

/** A parameter that starts from a normal distribution. */
export function normal(spec: ParameterSpec, deviation: number): ParameterSpec {
  return { ...spec, initialValue: (random) => random.normalArray(elementCount(spec.shape), deviation) };
}

/** A parameter that starts from 0. */
export function zeros(spec: ParameterSpec): ParameterSpec {
  return { ...spec, initialValue: () => new Float32Array(elementCount(spec.shape)) };
}

function heNormal(spec: ParameterSpec): ParameterSpec {
  const [height = 1, width = 1, inputs = 1, outputs = 1] = spec.shape;
  // A depthwise convolution has an output for each input, and no other convolution here has a single one.
  const fanOut = height * width * (outputs === 1 ? inputs : outputs);
  return normal(spec, Math.sqrt(2 / fanOut));
}
