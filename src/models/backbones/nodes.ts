import type { ImageShape } from '../../core/images.js';
import { ToolkitError } from '../../core/errors.js';
import type { NodeFunction } from '../graph/functions.js';
import type { NodeDescription } from '../graph/node-settings.js';
import { IMAGE } from '../graph.js';

/** The node that has the images as the network takes them. */
export const NORMALIZED = 'normalize';

/** The channels that torchvision's networks take. */
const COLOURS = 3;

/**
 * The first nodes of a network for colour images: a grey channel is repeated three times, as torchvision's `Grayscale(3)` does, and each channel
 * has a factor and an offset, 1 and 0 unless weights bring others. Throws USAGE for images that are neither grey nor in colour.
 */
export function inputNodes(model: string, { channels }: ImageShape): NodeDescription[] {
  const scaling = { type: 'scaling', name: NORMALIZED } as const;
  if (channels === COLOURS) return [{ ...scaling, inputs: [IMAGE] }];
  if (channels === 1)
    return [{ type: 'concatenate', name: 'rgb', inputs: Array<string>(COLOURS).fill(IMAGE) }, scaling];
  throw new ToolkitError('USAGE', {
    message: `the model ${model} takes grey images or colour images, not ${channels} channels`,
    hint: 'use another --model',
  });
}

/** The names of a convolution and its normalisation, and of the activation where there is one. */
export type ConvolutionNames = readonly [convolution: string, normalization: string, activation?: string];

/** A convolution with batch normalisation. */
export interface ConvolutionNodes {
  /** Undefined for a depthwise convolution. */
  filters?: number;
  /** Odd. */
  size: number;
  /** 1 by default. */
  stride?: number;
  /** The node that it takes, by default the one before it. */
  input?: string;
  /** None by default. */
  activation?: NodeFunction | undefined;
}

/** The moving statistics' decay, and what is added to the variance. */
export interface Normalization {
  momentum: number;
  epsilon: number;
}

/** A convolution without bias, batch normalisation, and an activation; the last of the nodes has the output. */
export function normalizedNodes(
  [name, normalization, activated = name]: ConvolutionNames,
  { filters, size, stride = 1, input, activation }: ConvolutionNodes,
  options: Normalization,
): NodeDescription[] {
  const place = { name, ...(input !== undefined && { inputs: [input] }) };
  const window = { ...windowOf(size, stride), bias: false };
  return [
    filters === undefined
      ? { type: 'depthwise-convolution', ...place, ...window }
      : { type: 'convolution', ...place, ...window, filters },
    { type: 'batch-normalization', name: normalization, ...options },
    ...(activation === undefined ? [] : [activationNode(activated, activation)]),
  ];
}

/** A window as PyTorch places it: with as many zeros on both sides of each axis, half its size. */
function windowOf(size: number, stride: number): Window {
  const border = (size - 1) / 2;
  const both: Pair = [border, border];
  // At stride 1 that is what "same" means, without a step of its own.
  return {
    kernelSize: [size, size],
    stride: [stride, stride],
    padding: stride === 1 ? 'same' : [both, both],
  };
}

type Pair = [number, number];

interface Window {
  kernelSize: Pair;
  stride: Pair;
  padding: 'same' | [Pair, Pair];
}

/** An activation of the node before it. */
export function activationNode(name: string, applied: NodeFunction): NodeDescription {
  return { type: 'activation', name, function: applied };
}

/** A number of channels, multiplied: a multiple of 8, at least 0.9 times the product, as torchvision's `_make_divisible`. */
export function widened(channels: number, multiplier = 1): number {
  const product = channels * multiplier;
  const rounded = Math.max(8, Math.floor((product + 4) / 8) * 8);
  return rounded < 0.9 * product ? rounded + 8 : rounded;
}
