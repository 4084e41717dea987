import { z } from 'zod';

import type { NodeFunction } from '../graph/functions.js';
import type { NodeDescription } from '../graph/node-settings.js';
import { defineModel } from '../model.js';
import { dropoutOption } from '../options.js';
import { backboneModel, normal, widthOption, zeros } from './backbone.js';
import {
  activationNode,
  inputNodes,
  normalizedNodes,
  widened,
  type ConvolutionNames,
  type ConvolutionNodes,
} from './nodes.js';

/** The inverted residual blocks: the size of their filters, expanded and output channels, squeeze-and-excitation, activation, stride. */
const BLOCKS: readonly [
  size: number,
  expanded: number,
  filters: number,
  isSqueezed: boolean,
  activation: NodeFunction,
  stride: number,
][] = [
  [3, 16, 16, true, 'relu', 2],
  [3, 72, 24, false, 'relu', 2],
  [3, 88, 24, false, 'relu', 1],
  [5, 96, 40, true, 'hard-swish', 2],
  [5, 240, 40, true, 'hard-swish', 1],
  [5, 240, 40, true, 'hard-swish', 1],
  [5, 120, 48, true, 'hard-swish', 1],
  [5, 144, 48, true, 'hard-swish', 1],
  [5, 288, 96, true, 'hard-swish', 2],
  [5, 576, 96, true, 'hard-swish', 1],
  [5, 576, 96, true, 'hard-swish', 1],
];
const FIRST_CHANNELS = 16;
/** The last convolution has so many times the channels of the last block. */
const LAST_EXPANSION = 6;
const UNITS = 1024;
/** Of the initial weights of dense layers. */
const DEVIATION = 0.01;

/** MobileNetV3-Small as torchvision defines it, whose weights it takes. */
export const mobilenetV3Small = defineModel({
  name: 'mobilenet-v3-small',
  summary: 'MobileNetV3-Small as in torchvision; takes its weights with --init-from',
  source: 'Howard et al., “Searching for MobileNetV3”, 2019; torchvision.models.mobilenet_v3_small',
  options: z.strictObject({
    widthMultiplier: widthOption,
    denseDropout: dropoutOption(0.2, 'before the output layer'),
  }),
  build({ widthMultiplier, denseDropout }, task) {
    const width = (channels: number): number => widened(channels, widthMultiplier);
    let [input, channels] = ['features/0/2', width(FIRST_CHANNELS)];
    const stem = { filters: channels, size: 3, stride: 2, activation: 'hard-swish' } as const;
    const blocks = BLOCKS.flatMap(([size, expanded, filters, isSqueezed, activation, stride], index) => {
      const nodes = invertedResidual({
        ...{ name: `features/${index + 1}`, input, channels, size, isSqueezed, activation, stride },
        ...{ expanded: width(expanded), filters: width(filters) },
      });
      [input, channels] = [nodes.at(-1)!.name, width(filters)];
      return nodes;
    });
    const last = `features/${BLOCKS.length + 1}`;
    const nodes: NodeDescription[] = [
      ...inputNodes('mobilenet-v3-small', task.shape),
      ...normalized(threeOf('features/0'), stem),
      ...blocks,
      ...normalized(threeOf(last), {
        ...{ filters: LAST_EXPANSION * channels, size: 1, activation: 'hard-swish' },
      }),
      { type: 'global-pooling', name: 'avgpool' },
      { type: 'dense', name: 'classifier/0', units: width(UNITS) },
      activationNode('classifier/1', 'hard-swish'),
      { type: 'dropout', name: 'classifier/2', rate: denseDropout },
      { type: 'dense', name: 'classifier/3', units: 'classes' },
    ];
    const description = `MobileNetV3-Small: ${BLOCKS.length} inverted residual blocks (${width(FIRST_CHANNELS)} to ${channels} channels), batch norm, squeeze-and-excitation, hard swish, global average pooling, ${width(UNITS)} units, ${task.classes} classes`;
    return backboneModel(
      {
        ...{ description, nodes },
        dense: (spec) => (spec.shape.length === 1 ? zeros(spec) : normal(spec, DEVIATION)),
      },
      task,
    );
  },
});

interface Block {
  name: string;
  /** The node that it takes, and its channels. */
  input: string;
  channels: number;
  size: number;
  expanded: number;
  filters: number;
  isSqueezed: boolean;
  activation: NodeFunction;
  stride: number;
}

/**
 * A convolution to more channels, a depthwise one, squeeze-and-excitation, and a convolution to fewer channels; the input is added where the
 * shapes are the same. The last node has the output.
 */
function invertedResidual(block: Block): NodeDescription[] {
  const { name, input, channels, size, expanded, filters, isSqueezed, activation, stride } = block;
  const nodes: NodeDescription[] = [];
  let parts = 0;
  const next = (): string => `${name}/block/${parts++}`;
  if (expanded !== channels)
    nodes.push(...normalized(threeOf(next()), { filters: expanded, size: 1, input, activation }));
  const before = nodes.at(-1)?.name ?? input;
  nodes.push(...normalized(threeOf(next()), { size, stride, input: before, activation }));
  if (isSqueezed) nodes.push(...squeezeAndExcitation(next(), nodes.at(-1)!.name, expanded));
  nodes.push(...normalized(threeOf(next()), { filters, size: 1 }));
  if (stride > 1 || channels !== filters) return nodes;
  return [...nodes, { type: 'merge', name: `${name}/sum`, inputs: [nodes.at(-1)!.name, input] }];
}

/** Multiplies each channel by a number from 0 to 1 that is computed from the means of all channels (Hu et al., 2018). */
function squeezeAndExcitation(name: string, input: string, channels: number): NodeDescription[] {
  const convolution = (part: string, filters: number): NodeDescription => ({
    ...{ type: 'convolution', name: `${name}/${part}`, filters, kernelSize: [1, 1] },
  });
  return [
    { type: 'global-pooling', name: `${name}/avgpool`, keepDimensions: true },
    convolution('fc1', widened(Math.floor(channels / 4))),
    activationNode(`${name}/activation`, 'relu'),
    convolution('fc2', channels),
    activationNode(`${name}/scale_activation`, 'hard-sigmoid'),
    {
      type: 'merge',
      name: `${name}/scaled`,
      operation: 'multiply',
      inputs: [`${name}/scale_activation`, input],
    },
  ];
}

/** The names of torchvision's `Conv2dNormActivation`. */
function threeOf(name: string): ConvolutionNames {
  return [`${name}/0`, `${name}/1`, `${name}/2`];
}

function normalized(names: ConvolutionNames, options: ConvolutionNodes): NodeDescription[] {
  return normalizedNodes(names, options, { momentum: 0.99, epsilon: 1e-3 });
}
