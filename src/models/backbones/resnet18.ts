import { z } from 'zod';

import type { NodeDescription } from '../graph/node-settings.js';
import { defineModel } from '../model.js';
import { backboneModel, widthOption } from './backbone.js';
import {
  activationNode,
  inputNodes,
  normalizedNodes,
  widened,
  type ConvolutionNames,
  type ConvolutionNodes,
} from './nodes.js';

const STAGES = [64, 128, 256, 512];
const BLOCKS = 2;

/** ResNet-18 as torchvision defines it, whose weights it takes. */
export const resnet18 = defineModel({
  name: 'resnet18',
  summary: 'ResNet-18 as in torchvision; takes its weights with --init-from',
  source: 'He et al., “Deep residual learning for image recognition”, 2016; torchvision.models.resnet18',
  options: z.strictObject({ widthMultiplier: widthOption }),
  build({ widthMultiplier }, task) {
    const widths = STAGES.map((channels) => widened(channels, widthMultiplier));
    const [first = 0] = widths;
    let [input, channels] = ['maxpool', first];
    const blocks = widths.flatMap((filters, stage) =>
      Array.from({ length: BLOCKS }, (_, index) => {
        const name = `layer${stage + 1}/${index}`;
        const stride = stage > 0 && index === 0 ? 2 : 1;
        const nodes = basicBlock({
          name,
          input,
          filters,
          stride,
          isSame: channels === filters && stride === 1,
        });
        [input, channels] = [nodes.at(-1)!.name, filters];
        return nodes;
      }).flat(),
    );
    const description = `ResNet-18: ${widths.length} stages (${widths.join('-')}) of ${BLOCKS} residual blocks, batch norm, relu, global average pooling, ${task.classes} classes`;
    const nodes: NodeDescription[] = [
      ...inputNodes('resnet18', task.shape),
      ...normalized(['conv1', 'bn1', 'relu'], { filters: first, size: 7, stride: 2, activation: 'relu' }),
      // After a ReLU zeros never exceed a maximum, so they stand for PyTorch's −∞, and can be quantised.
      {
        type: 'zero-padding',
        name: 'padding',
        padding: [
          [1, 1],
          [1, 1],
        ],
      },
      { type: 'max-pooling', name: 'maxpool', size: [3, 3] },
      ...blocks,
      { type: 'global-pooling', name: 'avgpool' },
      { type: 'dense', name: 'fc', units: 'classes' },
    ];
    return backboneModel({ description, nodes }, task);
  },
});

interface Block {
  name: string;
  /** The node that it takes. */
  input: string;
  filters: number;
  stride: number;
  /** Whether its output has the shape of its input. */
  isSame: boolean;
}

/** Two convolutions whose output is added to the input, or to the input brought to its shape; the last node has the output. */
function basicBlock({ name, input, filters, stride, isSame }: Block): NodeDescription[] {
  const part = (of: string): string => `${name}/${of}`;
  const first = [part('conv1'), part('bn1'), part('relu1')] as const;
  const shortcut = isSame
    ? []
    : normalized([part('downsample/0'), part('downsample/1')], { filters, size: 1, stride, input });
  return [
    ...normalized(first, { filters, size: 3, stride, input, activation: 'relu' }),
    ...normalized([part('conv2'), part('bn2')], { filters, size: 3 }),
    ...shortcut,
    { type: 'merge', name: part('sum'), inputs: [part('bn2'), shortcut.at(-1)?.name ?? input] },
    activationNode(part('relu'), 'relu'),
  ];
}

function normalized(names: ConvolutionNames, options: ConvolutionNodes): NodeDescription[] {
  return normalizedNodes(names, options, { momentum: 0.9, epsilon: 1e-5 });
}
