import { z } from 'zod';

import { ToolkitError } from '../../../core/errors.js';
import { shortened } from '../../../core/format.js';
import type { ImageShape } from '../../../core/images.js';
import {
  finishedNet,
  LayerRefusal,
  NetWriter,
  refuse,
  type ImportedNet,
  type Normalization,
} from '../net-writer.js';
import { inputShapeOf, isSizeOpen, requireImageShape } from './input.js';
import { callsOf } from './calls.js';
import { kerasLayers } from './layers.js';
import type { FindWeight, LayerPath } from './weights.js';

/** A layer as it is described: its class, its options and, in a functional model, what it is called with. */
const layerSchema = z.looseObject({
  class_name: z.string(),
  name: z.string().optional(),
  registered_name: z.string().nullish(),
  config: z.unknown(),
  inbound_nodes: z.array(z.unknown()).optional(),
});

type LayerDescription = z.output<typeof layerSchema>;

const modelClasses = new Set(['Sequential', 'Functional', 'Model']);
const reference = z.tuple([z.string(), z.int(), z.int()]);
const modelConfig = z.looseObject({
  name: z.string().optional(),
  layers: z.array(layerSchema).max(2000),
  input_layers: z.union([reference, z.array(reference)]).optional(),
  output_layers: z.union([reference, z.array(reference)]).optional(),
  build_input_shape: z.unknown().optional(),
});

type ModelConfig = z.output<typeof modelConfig>;

/** What is needed beside a description. */
export interface KerasOptions {
  /** What messages call the file. */
  path: string;
  find: FindWeight;
  isKeras3: boolean;
  /** The size of images, where the description does not say it. */
  size?: Partial<ImageShape> | undefined;
  /** The images that are assumed where nothing says their size. */
  open?: Partial<ImageShape> | undefined;
  normalization?: Normalization | undefined;
  /** Whether a model that ends with features is taken as well, and gets an output layer. */
  addsHead?: boolean | undefined;
}

/**
 * A Keras model as a graph: Sequential or functional, with models as layers. Throws MODEL_UNREADABLE where it is not described as Keras does,
 * and MODEL_UNSUPPORTED with every layer that cannot be imported.
 *
 * @param description class and configuration, as Keras and TensorFlow.js write them
 */
export function importKeras(description: unknown, options: KerasOptions): ImportedNet {
  const outer = parse(layerSchema, description, options.path);
  if (!modelClasses.has(outer.class_name)) {
    const reason = `it is ${shortened(outer.class_name)}; a Sequential or functional model is needed`;
    throw new ToolkitError('MODEL_UNSUPPORTED', { path: options.path, reason });
  }
  const config = configOf(outer, options.path);
  const found = inputShapeOf(config);
  const { shape, given } = requireImageShape(found, options);
  const net = new NetWriter(shape);
  const importer = new Importer(net, options);
  const build = (): string => {
    const image = net.addNormalization(options.normalization);
    const start =
      given.length === 3 ? image : net.add('input', { type: 'reshape', shape: [...given] }, [image]);
    return importer.model(outer, config, [start], { names: [], folders: [] });
  };
  const finished = finishedNet(net, options.path, build, options.addsHead);
  return { ...finished, isSizeOpen: isSizeOpen(found) };
}

/** Goes through the layers of a model. */
class Importer {
  readonly #net: NetWriter;
  readonly #options: KerasOptions;

  constructor(net: NetWriter, options: KerasOptions) {
    this.#net = net;
    this.#options = options;
  }

  /** Adds the nodes of a model, and returns the one with its output. Throws LayerRefusal. */
  model(
    { class_name: className }: LayerDescription,
    config: ModelConfig,
    inputs: readonly string[],
    path: LayerPath,
  ): string {
    return className === 'Sequential'
      ? this.#sequential(config, inputs, path)
      : this.#functional(config, inputs, path);
  }

  #sequential({ layers }: ModelConfig, inputs: readonly string[], path: LayerPath): string {
    const folders = foldersOf(layers);
    return layers.reduce<readonly string[]>(
      (before, layer, index) => [this.#layer(layer, before, inside(path, layer, folders[index]!))],
      inputs,
    )[0]!;
  }

  #functional(config: ModelConfig, inputs: readonly string[], path: LayerPath): string {
    const { layers, input_layers: inputLayers = [], output_layers: outputLayers = [] } = config;
    const [entry, ...moreInputs] = namesOf(inputLayers);
    const [output, ...moreOutputs] = namesOf(outputLayers);
    if (moreInputs.length > 0 || inputs.length > 1) throw new LayerRefusal('it has several inputs');
    if (output === undefined || moreOutputs.length > 0)
      throw new LayerRefusal('it does not have exactly one output');
    const folders = foldersOf(layers);
    const outputs = new Map<string, string>();
    let waiting = layers.map((layer, index) => ({ layer, folder: folders[index]!, calls: callsOf(layer) }));
    while (waiting.length > 0) {
      const ready = waiting.filter(({ calls }) => calls.names.every((name) => outputs.has(name)));
      if (ready.length === 0)
        throw new LayerRefusal(`nothing computes the input of ${nameOf(waiting[0]!.layer)}`);
      for (const { layer, folder, calls } of ready) {
        const name = nameOf(layer);
        const isEntry = name === entry || layer.class_name === 'InputLayer';
        const taken = isEntry ? inputs : calls.names.map((called) => outputs.get(called)!);
        outputs.set(name, this.#layer(layer, taken, inside(path, layer, folder), calls.problem));
      }
      waiting = waiting.filter((item) => !ready.includes(item));
    }
    return outputs.get(output) ?? refuse(`there is no layer ${output}, its output`);
  }

  /** Adds the nodes of a layer. A layer that cannot be imported is noted, and stands for its input, so that the others are checked too. */
  #layer(layer: LayerDescription, inputs: readonly string[], path: LayerPath, problem?: string): string {
    const { class_name: className, config } = layer;
    if (className === 'InputLayer') return inputs[0]!;
    const name = path.names.join('/');
    try {
      if (problem !== undefined) throw new LayerRefusal(problem);
      if (modelClasses.has(className)) {
        return this.model(layer, configOf(layer, this.#options.path), inputs, path);
      }
      const convert = Object.hasOwn(kerasLayers, className) ? kerasLayers[className] : undefined;
      if (!convert) throw new LayerRefusal(unknownReason(layer));
      const weight = (called: string, index: number): ReturnType<FindWeight> =>
        this.#options.find(path, called, index);
      return convert(
        { name, className, config, inputs, isKeras3: this.#options.isKeras3, weight },
        this.#net,
      );
    } catch (error) {
      if (!(error instanceof LayerRefusal)) throw error;
      this.#net.problems.push(`${shortened(name)} (${shortened(className)}): ${error.message}`);
      // What follows may not fit any more, which would say nothing.
      if (this.#net.problems.length >= MOST_PROBLEMS) throw error;
      return inputs[0]!;
    }
  }
}

/** Enough to decide whether a model is worth changing. */
const MOST_PROBLEMS = 20;

function unknownReason({ registered_name: registered }: LayerDescription): string {
  return registered?.includes('>')
    ? 'it is a layer of its author’s own code, which is never run'
    : 'this kind of layer is not supported';
}

function nameOf({ name, config, class_name: className }: LayerDescription): string {
  if (name !== undefined) return name;
  const named = z.looseObject({ name: z.string() }).safeParse(config);
  return named.success ? named.data.name : className;
}

function namesOf(references: z.output<typeof reference> | z.output<typeof reference>[]): string[] {
  const [first] = references;
  return typeof first === 'string'
    ? [first]
    : (references as z.output<typeof reference>[]).map(([name]) => name);
}

function inside({ names, folders }: LayerPath, layer: LayerDescription, folder: string): LayerPath {
  return { names: [...names, nameOf(layer)], folders: [...folders, folder] };
}

/** What the files of Keras 3 call layers. */
function foldersOf(layers: readonly LayerDescription[]): string[] {
  const counts = new Map<string, number>();
  return layers.map(({ class_name: className }) => {
    const folder = className
      .replace(/\W+/g, '')
      .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
      .replace(/([a-z])([A-Z])/g, '$1_$2')
      .toLowerCase();
    const count = counts.get(folder) ?? 0;
    counts.set(folder, count + 1);
    return count === 0 ? folder : `${folder}_${count}`;
  });
}

/** The configuration of a model; before 2018, that of a Sequential model was its layers alone. */
function configOf({ config }: LayerDescription, path: string): ModelConfig {
  return parse(modelConfig, Array.isArray(config) ? { layers: config as unknown[] } : config, path);
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown, path: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const reason = `not the description of a Keras model: ${shortened(`${issue?.path.join('.')}: ${issue?.message}`, 300)}`;
  throw new ToolkitError('MODEL_UNREADABLE', { path, reason });
}
