import { z } from 'zod';

import { heldArray, type ForeignArray } from '../../artifacts/foreign/weights/array.js';
import { ToolkitError } from '../../core/errors.js';
import { elementCount, type ImageShape } from '../../core/images.js';
import { defineModel, type Model, type ModelDefinition, type ModelTask } from '../model.js';
import { importKeras } from './keras/model.js';
import { weightsByName } from './keras/weights.js';

/** What is used of a `tf.LayersModel`, so that its package is not needed here. */
export interface LayersModel {
  /** Its layers, as model.json has them. */
  toJSON(unused: unknown, returnString: false): unknown;
  readonly weights: readonly {
    readonly originalName: string;
    readonly shape: readonly (number | null)[];
    /** Its tensor. */
    read(): {
      /** The numbers, in the order of rows. */
      dataSync(): ArrayLike<number>;
    };
  }[];
  /** Frees its weights. */
  dispose(): unknown;
}

/** A model that TensorFlow.js defines. */
export interface LayersModelOptions<Name extends string> {
  readonly name: Name;
  /** One line for `mnist models`. */
  readonly summary: string;
  readonly source: string;
  /** Makes the model for images of a shape, with a logit or a probability for each class. */
  readonly make: (shape: ImageShape, classes: number) => LayersModel;
  /** Whether training begins with the weights that it was made with; by default with random ones from the run's seed. */
  readonly keepWeights?: boolean;
}

/**
 * Defines a model by a `tf.LayersModel`: its layers become a graph of ours, trained, exported and served like any other. `build` throws
 * MODEL_UNSUPPORTED with every layer that cannot be taken (docs/import.md), and USAGE where it is for other images or classes.
 *
 * @example
 * ```js
 * export default layersModel({
 *   name: 'my-net',
 *   summary: 'two dense layers',
 *   source: 'my own',
 *   make: ({ height, width, channels }, classes) =>
 *     tf.sequential({
 *       layers: [
 *         tf.layers.flatten({ inputShape: [height, width, channels] }),
 *         tf.layers.dense({ units: 32, activation: 'relu' }),
 *         tf.layers.dense({ units: classes, activation: 'softmax' }),
 *       ],
 *     }),
 * });
 * ```
 */
export function layersModel<Name extends string>({
  name,
  summary,
  source,
  make,
  keepWeights = false,
}: LayersModelOptions<Name>): ModelDefinition<Name, z.ZodObject<Record<string, never>, z.core.$strict>> {
  return defineModel({
    name,
    summary,
    source,
    options: z.strictObject({}),
    build: (_options, task) => buildFrom(name, make(task.shape, task.classes), task, keepWeights),
  });
}

function buildFrom(name: string, made: LayersModel, task: ModelTask, keepWeights: boolean): Model {
  try {
    const topology = made.toJSON(null, false);
    const names = stableNames(topology);
    const find = weightsByName(arraysOf(made, names, keepWeights));
    const net = importKeras(renamed(topology, names), { path: name, find, isKeras3: false });
    const { height, width, channels } = net.shape;
    const { shape, classes } = task;
    const isForTask = height === shape.height && width === shape.width && channels === shape.channels;
    if (!isForTask || net.classes !== classes) {
      throw new ToolkitError('USAGE', {
        message: `${name} is for ${net.classes} classes and images of ${height}×${width}×${channels}; the data have ${classes}, and images of ${shape.height}×${shape.width}×${shape.channels}`,
        hint: 'make the model for the shape and the classes that it is given',
      });
    }
    const { model } = net;
    if (!keepWeights) return model;
    const parameters = model.parameters.map((spec) => ({
      ...spec,
      initialValue: () => net.weights.get(spec.name)!.values(),
    }));
    return { ...model, parameters };
  } finally {
    made.dispose();
  }
}

/** Its weights, or their shapes alone, as reading them waits for the device. */
function arraysOf(
  { weights }: LayersModel,
  names: ReadonlyMap<string, string>,
  areKept: boolean,
): ReadonlyMap<string, ForeignArray> {
  return new Map(
    weights.map((weight) => {
      const shape = weight.shape.map(Number);
      const values = areKept
        ? Float32Array.from(weight.read().dataSync())
        : new Float32Array(elementCount(shape));
      const path = weight.originalName.split('/').map((part) => names.get(part) ?? part);
      return [path.join('/'), heldArray(shape, values)];
    }),
  );
}

const namedLayer = z.looseObject({ class_name: z.string(), config: z.looseObject({ name: z.string() }) });

/**
 * TensorFlow.js numbers unnamed layers through the life of a process ("dense_Dense7"), and a checkpoint needs the same names in every
 * process: they are numbered within the model.
 */
function stableNames(topology: unknown): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const counts = new Map<string, number>();
  eachObject(topology, (value) => {
    const layer = namedLayer.safeParse(value);
    if (!layer.success) return;
    const { class_name: className, config } = layer.data;
    const [, base = '', kind] = /^([a-z0-9_]+?)(?:_([A-Z]\w*?))?_?\d+$/.exec(config.name) ?? [];
    const isNumbered = kind === className || ['Sequential', 'Model', 'Functional'].includes(className);
    if (base === '' || !isNumbered || names.has(config.name)) return;
    const count = (counts.get(base) ?? 0) + 1;
    counts.set(base, count);
    names.set(config.name, `${base}_${count}`);
  });
  return names;
}

function eachObject(value: unknown, use: (object: object) => void): void {
  if (typeof value !== 'object' || value === null) return;
  use(value);
  for (const part of Object.values(value)) eachObject(part, use);
}

/** The topology with every name of a layer replaced, also where layers name their inputs. */
function renamed(topology: unknown, names: ReadonlyMap<string, string>): unknown {
  return JSON.parse(
    JSON.stringify(topology, (_key, value: unknown) =>
      typeof value === 'string' ? (names.get(value) ?? value) : value,
    ),
  ) as unknown;
}
