import { reshape, type Tensor, type Tensor2D, type Tensor4D } from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { ToolkitError } from '../core/errors.js';
import { tallied } from '../core/format.js';
import { elementCount } from '../core/images.js';
import { nodeFromSettings } from './graph/node-layer.js';
import { nodeSettings, nodeTypes, type NodeSettings } from './graph/node-settings.js';
import type { GraphNode } from './graph/node.js';
import { isNotEmpty, shapeInWords } from './layers/from-settings.js';
import { costOf } from './layers/layer.js';
import {
  defineModel,
  type Embedding,
  type FeatureMaps,
  type FixedFeatures,
  type Model,
  type ParameterValues,
  type TrainingPass,
} from './model.js';
import { sumOfCosts } from './pass-cost.js';

/** The types of more nodes are counted in a description. */
const MOST_LISTED = 16;

/** What a node calls the image. */
export const IMAGE = 'image';

/** A model that the configuration defines node by node: what `mnist import` makes of models from elsewhere. */
export const graph = defineModel({
  name: 'graph',
  summary: 'layers as nodes of a graph: what "mnist import" makes',
  source: 'as Keras’s functional API (Chollet, 2015)',
  options: z.strictObject({
    nodes: z
      .array(nodeSettings)
      .min(1)
      .max(1000)
      .prefault([
        { type: 'convolution', name: 'convolution1', filters: 8, padding: 'same' },
        { type: 'activation', name: 'relu1', function: 'relu' },
        { type: 'convolution', name: 'convolution2', filters: 8, padding: 'same' },
        { type: 'merge', name: 'sum', inputs: ['relu1', 'convolution2'] },
        { type: 'activation', name: 'relu2', function: 'relu' },
        { type: 'max-pooling', name: 'pooling' },
        { type: 'flatten', name: 'flatten' },
        { type: 'dense', name: 'classifier', units: 'classes' },
      ])
      .meta({
        description: 'nodes with type, name, inputs and options; the last one gives the logits',
        allowed: `a list of nodes, each with a name and a type: ${nodeTypes.join(', ')}`,
        placeholder: 'JSON',
      }),
  }),
  build({ nodes: settings }, { shape, classes }) {
    const built = new Map<string, BuiltNode>();
    const shapes = new Map<string, readonly number[]>([[IMAGE, [shape.height, shape.width, shape.channels]]]);
    settings.forEach((described, index) => {
      const refuse = refusal(described, index);
      const inputs = described.inputs ?? [settings[index - 1]?.name ?? IMAGE];
      if (shapes.has(described.name)) refuse('a name of its own');
      const inputShapes = inputs.map(
        (name) => shapes.get(name) ?? refuse(`its input "${name}" to be a node before it`),
      );
      const node = nodeFromSettings(described, {
        name: described.name,
        shapes: inputShapes,
        classes,
        refuse,
      });
      if (!isNotEmpty(node.outputShape)) refuse('a larger image');
      const isRandom = described.type === 'dropout' && described.rate > 0;
      built.set(described.name, { ...node, name: described.name, inputs, isRandom });
      shapes.set(described.name, node.outputShape);
    });
    const nodes = [...built.values()];
    requireLogits(settings, nodes, classes);
    return modelOf(settings, nodes);
  },
});

interface BuiltNode extends GraphNode {
  readonly name: string;
  /** Whether it draws random numbers in training. */
  readonly isRandom: boolean;
  readonly inputs: readonly string[];
}

/** Throws USAGE, naming the node. */
function refusal({ type, name }: NodeSettings, index: number): (need: string) => never {
  return (need) => {
    throw new ToolkitError('USAGE', {
      message: `nodes[${index}] (${type} "${name}") needs ${need}`,
      hint: 'see docs/models.md for the input and output of each node',
    });
  };
}

function requireLogits(
  settings: readonly NodeSettings[],
  nodes: readonly BuiltNode[],
  classes: number,
): void {
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  const unused = nodes.slice(0, -1).findIndex(({ name }) => !used.has(name));
  if (unused >= 0) refusal(settings[unused]!, unused)('a node that takes its output');
  const last = nodes.at(-1)!;
  if (last.outputShape.length === 1 && last.outputShape[0] === classes) return;
  throw new ToolkitError('USAGE', {
    message: `the last node, "${last.name}", gives ${shapeInWords(last.outputShape)} values; ${classes} logits are needed`,
    hint: 'end with a dense node with "units": "classes"',
  });
}

function modelOf(settings: readonly NodeSettings[], nodes: readonly BuiltNode[]): Model {
  const types = settings.map(({ type }) => type);
  return {
    description: `graph of ${nodes.length} nodes: ${nodes.length > MOST_LISTED ? tallied(countsOf(types), MOST_LISTED) : types.join(', ')}`,
    parameters: nodes.flatMap(({ parameters }) => parameters),
    cost: sumOfCosts(nodes.map(costOf)),
    apply: (images, values, training) => run(nodes, { [IMAGE]: images }, values, training) as Tensor2D,
    embedding: embeddingOf(nodes),
    featuresBefore: (isFrozen) => featuresBefore(nodes, isFrozen),
    featureMaps: featureMapsOf(nodes),
  };
}

function countsOf(types: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

/** Computes nodes one after the other, and returns the output of the last. */
function run(
  nodes: readonly BuiltNode[],
  known: Readonly<Record<string, Tensor>>,
  values: ParameterValues,
  training?: TrainingPass,
): Tensor {
  const outputs = new Map(Object.entries(known));
  let last = outputs.get(IMAGE)!;
  for (const node of nodes) {
    const { name, inputs } = node;
    last = node.apply(
      inputs.map((input) => outputs.get(input)!),
      values,
      training,
    );
    outputs.set(name, last);
  }
  return last;
}

/** The input of the last node with parameters, if all goes through it. */
function embeddingOf(nodes: readonly BuiltNode[]): Embedding | undefined {
  const head = nodes.findLastIndex(({ parameters }) => parameters.length > 0);
  const [input] = nodes[head]?.inputs ?? [];
  const before = nodes.findIndex(({ name }) => name === input);
  if (before < 0 || !isBottleneck(nodes, before)) return undefined;
  const size = elementCount(nodes[before]!.outputShape);
  return {
    size,
    apply(images, values) {
      const output = run(nodes.slice(0, before + 1), { [IMAGE]: images }, values);
      return reshape(output, [images.shape[0], size]);
    },
  };
}

/** The feature maps of the last convolution that all goes through. */
function featureMapsOf(nodes: readonly BuiltNode[]): FeatureMaps | undefined {
  const last = nodes.findLastIndex(
    ({ parameters, outputShape }, index) =>
      parameters.length > 0 && outputShape.length === 3 && isBottleneck(nodes, index),
  );
  if (last < 0) return undefined;
  const [before, after] = [nodes.slice(0, last + 1), nodes.slice(last + 1)];
  const { name } = nodes[last]!;
  return {
    extract: (images, values) => run(before, { [IMAGE]: images }, values) as Tensor4D,
    classify: (maps, values) => run(after, { [IMAGE]: maps, [name]: maps }, values) as Tensor2D,
  };
}

/** The output of the last node that all goes through and that no training changes, if something was learnt before it. */
function featuresBefore(
  nodes: readonly BuiltNode[],
  isFrozen: (layer: string) => boolean,
): FixedFeatures | undefined {
  const isLearnt = ({ parameters }: BuiltNode): boolean => parameters.some(({ isConstant }) => !isConstant);
  const changes = nodes.findIndex((node) => node.isRandom || (isLearnt(node) && !isFrozen(node.name)));
  const last = nodes.findLastIndex((_, index) => index < changes && isBottleneck(nodes, index));
  const [before, after] = [nodes.slice(0, last + 1), nodes.slice(last + 1)];
  if (!before.some(isLearnt)) return undefined;
  const { name, outputShape } = nodes[last]!;
  const size = elementCount(outputShape);
  return {
    size,
    extract: (images, values) =>
      reshape(run(before, { [IMAGE]: images }, values), [images.shape[0], 1, size, 1]),
    model: {
      description: 'what follows frozen layers',
      parameters: after.flatMap(({ parameters }) => parameters),
      cost: sumOfCosts(after.map(costOf)),
      apply(features, values, training) {
        const output = reshape(features, [features.shape[0], ...outputShape]);
        return run(after, { [IMAGE]: output, [name]: output }, values, training) as Tensor2D;
      },
    },
  };
}

/** Whether the nodes after one take nothing from before it. */
function isBottleneck(nodes: readonly BuiltNode[], index: number): boolean {
  const earlier = new Set([IMAGE, ...nodes.slice(0, index).map(({ name }) => name)]);
  return nodes.slice(index + 1).every(({ inputs }) => !inputs.some((input) => earlier.has(input)));
}
