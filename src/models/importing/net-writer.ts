import { z } from 'zod';

import { heldArray, type ForeignArray } from '../../artifacts/foreign/weights/array.js';
import { isToolkitError, ToolkitError } from '../../core/errors.js';
import { elementCount, type ImageShape } from '../../core/images.js';
import { complaintOf } from '../../core/validation.js';
import { graph, IMAGE } from '../graph.js';
import { nodeFromSettings } from '../graph/node-layer.js';
import { nodeSettings, type NodeDescription, type NodeSettings } from '../graph/node-settings.js';
import { isNotEmpty, shapeInWords } from '../layers/from-settings.js';
import type { Model, ModelTask } from '../model.js';

/** A model from elsewhere as nodes of a graph, with its weights. */
export interface ImportedNet {
  readonly shape: ImageShape;
  /** Whether the model leaves the size of images open, so that the shape is only what was said beside it. */
  readonly isSizeOpen?: boolean;
  readonly classes: number;
  readonly nodes: readonly NodeSettings[];
  /** The graph of these nodes. */
  readonly model: Model;
  /** By the name of our parameter. */
  readonly weights: ReadonlyMap<string, ForeignArray>;
  /** Layers that are left out, and why that changes no output. */
  readonly notes: readonly string[];
  /** The output layer, where the model has none and one was added to it: its weights are zeros. */
  readonly addedHead?: string | undefined;
}

/** What was subtracted from scaled pixels, and what they were then divided by: for all channels, or for each. */
export interface Normalization {
  readonly mean?: readonly number[] | undefined;
  readonly std?: readonly number[] | undefined;
}

/** Why a layer cannot be imported. */
export class LayerRefusal extends Error {}

/** Ends of a model that make probabilities of logits. */
type Ending = 'softmax' | 'sigmoid';

type Distributive<Node> = Node extends unknown ? Omit<Node, 'name' | 'inputs'> : never;

/** A node without its place. */
export type NodeOptions = Distributive<NodeDescription>;

/** Builds a graph node by node, and keeps the shape of each output, so that a layer that does not fit is named at once. */
export class NetWriter {
  readonly problems: string[] = [];
  readonly notes: string[] = [];
  readonly #shape: ImageShape;
  readonly #nodes: NodeSettings[] = [];
  readonly #weights = new Map<string, ForeignArray>();
  readonly #shapes: Map<string, readonly number[]>;
  readonly #endings = new Map<string, { ending: Ending; input: string }>();

  constructor(shape: ImageShape) {
    this.#shape = shape;
    this.#shapes = new Map([[IMAGE, [shape.height, shape.width, shape.channels]]]);
  }

  /** The shape of a node's output. */
  shapeOf(name: string): readonly number[] {
    return this.#shapes.get(name)!;
  }

  /**
   * Adds a node, and returns its name, which may have to be changed to be one of its own. Throws LayerRefusal where its inputs or its weights
   * do not fit.
   *
   * @param weights by the last part of the parameter's name; a missing one is refused
   */
  add(
    name: string,
    options: NodeOptions,
    inputs: readonly string[],
    weights: Readonly<Record<string, ForeignArray | undefined>> = {},
  ): string {
    const settings = optionsOf(nodeSettings, {
      ...options,
      name: this.#freeName(name),
      inputs: [...inputs],
    });
    const shapes = inputs.map((input) => this.#shapeFor(input));
    const refuse = (need: string): never => {
      throw new LayerRefusal(`it needs ${need}`);
    };
    const node = nodeFromSettings(settings, { name: settings.name, shapes, classes: 0, refuse });
    if (!isNotEmpty(node.outputShape)) refuse('a larger image');
    for (const { name: parameter, shape } of node.parameters) {
      const part = parameter.slice(settings.name.length + 1);
      const array = weights[part] ?? constantFor(settings, part, shape);
      if (!array) throw new LayerRefusal(`the file holds no weights for its ${part}`);
      if (array.shape.join() !== shape.join()) {
        const found = `[${array.shape.join(', ')}], expected [${shape.join(', ')}]`;
        throw new LayerRefusal(`its ${part} has the shape ${found}`);
      }
      this.#weights.set(parameter, array);
    }
    this.#nodes.push(settings);
    this.#shapes.set(settings.name, node.outputShape);
    return settings.name;
  }

  /** Adds the scaling that images had in training, if any, and returns what has the scaled images. Throws LayerRefusal. */
  addNormalization({ mean, std }: Normalization = {}): string {
    if (!mean && !std) return IMAGE;
    const { channels } = this.#shape;
    const fit = (values: readonly number[], what: string): readonly number[] => {
      if (values.length === channels) return values;
      if (values.length === 1) return Array.from({ length: channels }, () => values[0]!);
      throw new LayerRefusal(`"${what}" has ${values.length} values for ${channels} channels`);
    };
    const means = fit(mean ?? [0], 'mean');
    const deviations = fit(std ?? [1], 'std');
    return this.add('normalize', { type: 'scaling' }, [IMAGE], {
      factor: heldArray(
        [channels],
        Float32Array.from(deviations, (deviation) => 1 / deviation),
      ),
      offset: heldArray(
        [channels],
        Float32Array.from(means, (value, at) => -value / deviations[at]!),
      ),
    });
  }

  /** Adds what makes probabilities of logits; it must be the end. */
  addEnding(name: string, ending: Ending, input: string): string {
    const own = this.#freeName(name);
    this.#endings.set(own, { ending, input });
    this.#shapes.set(own, this.#shapeFor(input));
    return own;
  }

  /**
   * The finished net. Throws LayerRefusal where its output is not one logit for each class.
   *
   * @param addsHead whether a model whose output is features gets an output layer
   */
  finish(output: string, addsHead = false): ImportedNet {
    const end = this.#endings.get(output);
    const addedHead = addsHead && !end && this.#givesFeatures(output) ? this.#addHead(output) : undefined;
    const last = addedHead ?? end?.input ?? output;
    const shape = this.#shapes.get(last)!;
    if (shape.length !== 1) {
      throw new LayerRefusal(`its output has the shape ${shapeInWords(shape)}, not a score for each class`);
    }
    const units = shape[0]!;
    if (end?.ending === 'sigmoid' && units > 1) {
      throw new LayerRefusal(
        `its output is ${units} independent probabilities (sigmoid); mutually exclusive classes are needed`,
      );
    }
    if (units === 1 && end?.ending !== 'sigmoid') {
      throw new LayerRefusal('its output is a single number (regression); a classifier is needed');
    }
    const classes = Math.max(2, units);
    const head = this.#headOf(last);
    if (units === 1) this.#addOtherClass(head);
    const nodes = this.#nodes.map((node) => (node === head ? withClasses(node) : node));
    const task = { shape: this.#shape, classes };
    const model = this.#build(nodes, task);
    return { ...task, nodes, model, weights: this.#weights, notes: this.notes, addedHead };
  }

  /**
   * Whether an output is features of images: a map, or a list that no dense layer or convolution ends with, but an activation, a normalisation
   * or a merging of others. A list that such a layer ends with is taken for scores of classes.
   */
  #givesFeatures(output: string): boolean {
    if (this.#shapes.get(output)!.length !== 1) return true;
    const passing = ['global-pooling', 'dropout', 'flatten', 'reshape'];
    let node = this.#nodeOf(output);
    while (node && passing.includes(node.type)) node = this.#nodeOf(node.inputs?.[0]);
    return node?.type !== 'dense' && node?.type !== 'convolution';
  }

  /** Adds the output layer of a model that ends with features, behind the means of its maps, and returns its name. */
  #addHead(output: string): string {
    const axes = this.#shapes.get(output)!.length;
    const pooling: NodeOptions =
      axes === 3 ? { type: 'global-pooling', kind: 'average', keepDimensions: false } : { type: 'flatten' };
    const features = axes === 1 ? output : this.add('pooled', pooling, [output]);
    const [inputs] = this.#shapes.get(features)!;
    const zeros = (shape: number[]): ForeignArray => heldArray(shape, new Float32Array(elementCount(shape)));
    // Any number of classes: that of the data counts.
    const weights = { kernel: zeros([inputs!, 2]), bias: zeros([2]) };
    return this.add('classifier', { type: 'dense', units: 2, bias: true }, [features], weights);
  }

  #nodeOf(name: string | undefined): NodeSettings | undefined {
    return this.#nodes.find((node) => node.name === name);
  }

  /** Names may hold what ours may not, and models may use one twice. */
  #freeName(name: string): string {
    const clean = name
      .split('/')
      .map((part) => part.replace(/[^\w.:-]/g, '_').replace(/^[.:-]+/, '') || '_')
      .join('/')
      .slice(0, 180);
    for (let attempt = 1; ; attempt++) {
      const candidate = attempt === 1 ? clean : `${clean}_${attempt}`;
      if (!this.#shapes.has(candidate)) return candidate;
    }
  }

  #shapeFor(input: string): readonly number[] {
    const end = this.#endings.get(input);
    if (end)
      throw new LayerRefusal(`it follows ${end.ending}, which is supported only at the end of a model`);
    return this.#shapes.get(input)!;
  }

  /** The layer that decides how many outputs there are. */
  #headOf(output: string): NodeSettings {
    let node = this.#nodeOf(output);
    while (node && node.type !== 'dense' && node.type !== 'convolution') {
      const keepsChannels = ['global-pooling', 'activation', 'dropout', 'flatten', 'batch-normalization'];
      if (!keepsChannels.includes(node.type)) break;
      node = this.#nodeOf(node.inputs?.[0]);
    }
    if (node?.type === 'dense' || node?.type === 'convolution') return node;
    throw new LayerRefusal(
      'it does not end with a dense layer or a convolution with an output for each class',
    );
  }

  /** One probability p is that of the second of two classes: softmax of 0 and z is 1 − sigmoid(z) and sigmoid(z). */
  #addOtherClass(head: NodeSettings): void {
    const add = (part: string): void => {
      const name = `${head.name}/${part}`;
      const array = this.#weights.get(name);
      if (!array) return;
      const values = (): Float32Array => {
        const held = array.values();
        return Float32Array.from({ length: 2 * held.length }, (_, at) =>
          at % 2 === 0 ? 0 : held[(at - 1) / 2]!,
        );
      };
      this.#weights.set(name, { shape: [...array.shape.slice(0, -1), 2], values });
    };
    add('kernel');
    add('bias');
  }

  #build(nodes: readonly NodeSettings[], task: ModelTask): Model {
    try {
      return graph.build({ nodes: [...nodes] }, task);
    } catch (error) {
      if (isToolkitError(error)) throw new LayerRefusal(error.message);
      throw error;
    }
  }
}

/** Constants that a batch normalisation without learnt scale or offset has. */
function constantFor(
  settings: NodeSettings,
  part: string,
  shape: readonly number[],
): ForeignArray | undefined {
  if (settings.type !== 'batch-normalization') return undefined;
  const filled = (value: number): ForeignArray =>
    heldArray(shape, new Float32Array(elementCount(shape)).fill(value));
  if (part === 'scale' && !settings.scale) return filled(1);
  if (part === 'offset' && !settings.offset) return filled(0);
  return undefined;
}

function withClasses(node: NodeSettings): NodeSettings {
  if (node.type === 'dense') return { ...node, units: 'classes' };
  if (node.type === 'convolution') return { ...node, filters: 'classes' };
  return node;
}

/** Ends the import of a layer. */
export function refuse(reason: string): never {
  throw new LayerRefusal(reason);
}

/**
 * A model as it is built layer by layer, finished. Throws MODEL_UNSUPPORTED with all problems that were noted, or else with what
 * refused a layer.
 *
 * @param path what messages call the file
 * @param build adds the layers, and returns the node with the output
 * @param addsHead as of `finish`
 */
export function finishedNet(
  net: NetWriter,
  path: string,
  build: () => string,
  addsHead = false,
): ImportedNet {
  const { problems } = net;
  try {
    const output = build();
    if (problems.length === 0) return net.finish(output, addsHead);
  } catch (error) {
    if (!(error instanceof LayerRefusal)) throw error;
    if (problems.length === 0) problems.push(error.message);
  }
  const [first, ...more] = problems;
  const reason = more.length === 0 ? first! : `${problems.length} layers are refused: ${problems.join('; ')}`;
  throw new ToolkitError('MODEL_UNSUPPORTED', { path, reason });
}

/** Parses a layer's options. Throws LayerRefusal. */
export function optionsOf<Schema extends z.ZodType>(schema: Schema, options: unknown): z.output<Schema> {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  throw new LayerRefusal(complaintOf(parsed.error));
}

/** Height and width, which may be written as one number. */
export const pairOption = z
  .union([z.int(), z.tuple([z.int(), z.int()]), z.tuple([z.int()])])
  .transform((value): [number, number] =>
    typeof value === 'number' ? [value, value] : value.length === 1 ? [value[0], value[0]] : value,
  );
