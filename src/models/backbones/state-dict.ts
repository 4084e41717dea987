import type { Checkpoint } from '../../artifacts/checkpoint.js';
import { transposed, type ForeignArray } from '../../artifacts/foreign/weights/array.js';
import { storeFloats } from '../../artifacts/safetensors.js';
import { ToolkitError } from '../../core/errors.js';
import { shortened } from '../../core/format.js';
import { layerOf, partOf, type ParameterSpec } from '../model.js';
import { mobilenetV3Small } from './mobilenet-v3-small.js';
import { NORMALIZED } from './nodes.js';
import { resnet18 } from './resnet18.js';

/** The networks that take weights of torchvision, with the layer whose outputs are the classes. */
export const backbones = [
  { definition: resnet18, head: 'fc' },
  { definition: mobilenetV3Small, head: 'classifier/3' },
] as const;

/** How pixels from 0 to 1 were normalised for the weights that torchvision offers: as is usual for ImageNet. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
/** More names do not fit into a message. */
const MOST_NAMED = 4;
/** Images to build a network for: its weights have the same shapes for all. */
const IMAGES = { height: 224, width: 224, channels: 3 };

/** A network by its name, with its options. */
export interface NamedNetwork {
  readonly name: string;
}

/** The names of the networks that take weights of torchvision. */
export const backboneNames = backbones.map(({ definition }) => definition.name).join(' or ');

/** The network of torchvision that a state dict is of, by the names of its tensors; undefined where it is of none. */
export function backboneOf(arrays: StateDict): string | undefined {
  const shares = backbones.map(({ definition: { name } }) => {
    const wanted = tensorsOf({ name }, undefined);
    return { name, share: wanted.filter((tensor) => arrays.has(tensor.name)).length / wanted.length };
  });
  const best = shares.reduce((one, other) => (other.share > one.share ? other : one));
  // With half of the names it is meant; what it lacks is named when it is read.
  return best.share > 0.5 ? best.name : undefined;
}

/** A state dict of PyTorch, without its whole numbers. */
export type StateDict = ReadonlyMap<string, ForeignArray>;

/**
 * The weights of a state dict of torchvision as those of our model of the same name, without those of the output layer where it has none.
 * Throws MODEL_UNSUPPORTED where the model is none of torchvision's, or tensors are missing, unknown, of another shape, not finite, or variances
 * below 0, and names them.
 *
 * @param path what messages call the file
 * @param isNormalized whether the weights take pixels from 0 to 1 normalised as is usual for ImageNet; else as they are
 */
export function fromStateDict(
  network: NamedNetwork,
  arrays: StateDict,
  path: string,
  isNormalized: boolean,
): Checkpoint['tensors'] {
  const wanted = tensorsOf(network, outputsIn(arrays, network, path));
  const names = new Set(wanted.map(({ name }) => name));
  const refuse = refusal(network, path);
  const missing = wanted.filter(({ name }) => !arrays.has(name));
  const isUnknown = (name: string): boolean => !names.has(name) && !name.endsWith('.num_batches_tracked');
  const misshapen = wanted.filter(
    ({ name, shape }) => arrays.has(name) && arrays.get(name)!.shape.join() !== shape.join(),
  );
  refuse({
    missing: missing.map(({ name }) => name),
    unknown: [...arrays.keys()].filter(isUnknown),
    'of another shape': misshapen.map(({ name }) => `${name} (${arrays.get(name)!.shape.join('×')})`),
  });
  const loaded = wanted.map(({ parameter, name, axes }) => {
    const array = transposed(arrays.get(name)!, axes);
    return { name, parameter, shape: array.shape, values: array.values() };
  });
  const useless = loaded.filter(({ name, values }) => !values.every(isUsable(name)));
  refuse({ 'with numbers that cannot be': useless.map(({ name }) => name) });
  return new Map(
    [...normalization(isNormalized), ...loaded].map(({ parameter, shape, values }) => [
      `parameters/${parameter}`,
      storeFloats(values, shape),
    ]),
  );
}

/** Whether a number can be one of a tensor: it is finite, and a variance is not below 0. */
function isUsable(name: string): (value: number) => boolean {
  return name.endsWith('.running_var')
    ? (value) => value >= 0 && Number.isFinite(value)
    : (value) => Number.isFinite(value);
}

/** A tensor of torchvision, and the parameter of ours that it becomes. */
interface TorchTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly parameter: string;
  /** For each axis of the parameter, that of the tensor. */
  readonly axes: readonly number[];
}

/** The tensors of a network with so many classes, in our order; without those of its output layer, if undefined. */
function tensorsOf({ name, ...options }: NamedNetwork, classes: number | undefined): TorchTensor[] {
  const { definition, head } = backbones.find((backbone) => backbone.definition.name === name)!;
  const task = { shape: IMAGES, classes: classes ?? 1 };
  // The options are those of this definition, but TypeScript sees the union of all.
  const { parameters } = definition.build(definition.options.parse(options) as never, task);
  return parameters
    .filter((spec) => !spec.isConstant && (classes !== undefined || !spec.name.startsWith(`${head}/`)))
    .map(torchTensor);
}

/** Where torchvision has a parameter. */
function torchTensor({ name: parameter, shape }: ParameterSpec): TorchTensor {
  const axes = axesOf(shape);
  const own = axes.map((_, axis) => shape[axes.indexOf(axis)]!);
  return { name: dotted(`${layerOf(parameter)}/${PARTS[partOf(parameter)]!}`), shape: own, parameter, axes };
}

/** What PyTorch calls the parts of a layer. */
const PARTS: Readonly<Record<string, string>> = {
  kernel: 'weight',
  bias: 'bias',
  scale: 'weight',
  offset: 'bias',
  'moving-mean': 'running_mean',
  'moving-variance': 'running_var',
};

/** Our axes among PyTorch's, which has outputs first: of a convolution, a depthwise one, a dense layer, or a list. */
function axesOf(shape: readonly number[]): number[] {
  // In these networks a depthwise convolution alone has a single filter for a channel.
  if (shape.length === 4) return shape[3] === 1 ? [2, 3, 0, 1] : [2, 3, 1, 0];
  return shape.length === 2 ? [1, 0] : [0];
}

/** The factor and the offset of each channel. */
function normalization(
  isNormalized: boolean,
): { parameter: string; shape: number[]; values: Float32Array }[] {
  const { mean, std } = isNormalized ? IMAGENET : { mean: [0, 0, 0], std: [1, 1, 1] };
  const parameter = (part: string, values: number[]): ReturnType<typeof normalization>[0] => ({
    ...{ parameter: `${NORMALIZED}/${part}`, shape: [values.length], values: Float32Array.from(values) },
  });
  return [
    parameter(
      'factor',
      std.map((deviation) => 1 / deviation),
    ),
    parameter(
      'offset',
      mean.map((value, channel) => -value / std[channel]!),
    ),
  ];
}

/** The number of outputs in a state dict; undefined where it has no output layer. Throws MODEL_UNSUPPORTED for another model. */
function outputsIn(arrays: StateDict, { name }: NamedNetwork, path: string): number | undefined {
  const backbone = backbones.find(({ definition }) => definition.name === name);
  if (backbone) {
    const outputs = arrays.get(`${dotted(backbone.head)}.weight`)?.shape[0];
    return outputs === 0 ? undefined : outputs;
  }
  throw new ToolkitError('MODEL_UNSUPPORTED', {
    path,
    reason: `it holds weights of torchvision, which the model ${name} cannot take`,
    hint: `leave out --model, or use ${backboneNames}`,
  });
}

/** Throws MODEL_UNSUPPORTED if there are tensors that do not fit, by what is wrong with them. */
function refusal({ name: model }: NamedNetwork, path: string): (problems: Record<string, string[]>) => void {
  return (problems) => {
    const texts = Object.entries(problems).flatMap(([what, tensors]) =>
      tensors.length === 0 ? [] : `${what}: ${listed(tensors)}`,
    );
    if (texts.length === 0) return;
    throw new ToolkitError('MODEL_UNSUPPORTED', {
      path,
      reason: `its tensors are not those of ${model}: ${texts.join('; ')}`,
      hint: 'save model.state_dict() of the network of torchvision with safetensors.torch.save_file',
    });
  };
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED).map((name) => shortened(name));
  return [...shown, ...(names.length > MOST_NAMED ? [`and ${names.length - MOST_NAMED} more`] : [])].join(
    ', ',
  );
}

function dotted(name: string): string {
  return name.replaceAll('/', '.');
}
