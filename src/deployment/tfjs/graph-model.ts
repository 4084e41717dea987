import type { CheckpointDescription } from '../../artifacts/checkpoint.js';
import { version } from '../../core/version.js';
import { valuesIn, type Trace } from '../../engine/tracing/trace.js';
import type { RecordedOperation } from '../../tensorflow/backend/recording-binding.js';
import { AttributeType, DataType } from '../../tensorflow/c-api/data-types.js';
import type { NodeAttribute } from '../../tensorflow/c-api/graph-builder.js';
import type { HostTensor } from '../../tensorflow/c-api/tensors.js';

/** The names of the model's inputs and outputs. */
export const graphModelNames = { input: 'images', logits: 'logits', probabilities: 'probabilities' } as const;

/** The size of a file of weights: browsers cache files of this size (as the TensorFlow.js converter splits them). */
const SHARD_BYTES = 4 * 2 ** 20;

/** A graph model of TensorFlow.js: the text of `model.json`, and the files of weights beside it. */
export interface GraphModelFiles {
  model: string;
  shards: ReadonlyMap<string, Uint8Array>;
}

/** A value of `tensorflow.AttrValue` as JSON (protobuf's mapping: 64-bit numbers are texts, bytes are base64). */
type JsonAttribute = Readonly<Record<string, unknown>>;

interface JsonNode {
  name: string;
  op: string;
  input?: string[];
  attr?: Record<string, JsonAttribute>;
}

const TYPES: Readonly<Record<number, string>> = {
  [DataType.FLOAT]: 'DT_FLOAT',
  [DataType.INT32]: 'DT_INT32',
  [DataType.UINT8]: 'DT_UINT8',
  [DataType.INT64]: 'DT_INT64',
  [DataType.BOOL]: 'DT_BOOL',
};

/**
 * A recorded forward pass as a graph model for `tf.loadGraphModel`: scaling of the pixels before it, softmax after it. Its input is
 * int32, which `tf.browser.fromPixels` gives; TensorFlow.js has no 8-bit numbers.
 */
export async function encodeGraphModel(
  pass: Trace,
  description: CheckpointDescription,
): Promise<GraphModelFiles> {
  const graph = new JsonGraph();
  const { shape, preprocessing, classNames, run } = description;
  const imageShape = [-1, shape.height, shape.width, shape.channels];
  graph.add(graphModelNames.input, 'Placeholder', [], {
    dtype: { type: 'DT_INT32' },
    shape: { shape: shapeOf(imageShape) },
  });
  const pixels = graph.node('Cast', [graphModelNames.input], {
    SrcT: { type: 'DT_INT32' },
    DstT: { type: 'DT_FLOAT' },
  });
  const scaled = graph.node('Mul', [pixels, graph.number(preprocessing.scale)], FLOAT);
  const moved = graph.node('AddV2', [scaled, graph.number(preprocessing.offset)], FLOAT);
  const logits = addPass(graph, pass, await valuesIn(pass), moved);
  graph.add(graphModelNames.logits, 'Identity', [logits], FLOAT);
  graph.add(graphModelNames.probabilities, 'Softmax', [graphModelNames.logits], FLOAT);
  const { weights, shards } = graph.weights();
  const tensor = (name: string, dtype: string, sizes: readonly number[]): object => ({
    name: `${name}:0`,
    dtype,
    tensorShape: shapeOf(sizes),
  });
  const { input, probabilities } = graphModelNames;
  const classes = [-1, classNames.length];
  const model = {
    format: 'graph-model',
    generatedBy: `mnist-train ${version}`,
    convertedBy: `mnist-train ${version}`,
    signature: {
      inputs: { [input]: tensor(input, 'DT_INT32', imageShape) },
      outputs: {
        [probabilities]: tensor(probabilities, 'DT_FLOAT', classes),
        [graphModelNames.logits]: tensor(graphModelNames.logits, 'DT_FLOAT', classes),
      },
    },
    userDefinedMetadata: { run, classNames, preprocessing },
    modelTopology: { node: graph.nodes, library: {}, versions: { producer: 1882 } },
    weightsManifest: [{ paths: [...shards.keys()], weights }],
  };
  return { model: `${JSON.stringify(model)}\n`, shards };
}

const FLOAT = { T: { type: 'DT_FLOAT' } } as const;

/** Adds the operations of a pass, and returns the name of its result. */
function addPass(
  graph: JsonGraph,
  pass: Trace,
  values: ReadonlyMap<number, HostTensor>,
  images: string,
): string {
  const names = new Map([[pass.parameters[0]!, images]]);
  const nameOf = (id: number): string => {
    const known = names.get(id);
    if (known !== undefined) return known;
    const held = values.get(id);
    if (!held) throw new Error(`the trace does not say where tensor ${id} comes from`);
    const name = graph.constant(held);
    names.set(id, name);
    return name;
  };
  for (const { name, inputs, outputs, attributes } of pass.operations) {
    const node = graph.node(name, inputs.map(nameOf), attributesOf(attributes));
    // The first output has the node's name, the others its number as well.
    outputs.forEach(({ id }, index) => names.set(id, index === 0 ? node : `${node}:${index}`));
  }
  return nameOf(pass.results[0]!);
}

function attributesOf(attributes: RecordedOperation['attributes']): Record<string, JsonAttribute> {
  return Object.fromEntries(attributes.map((attribute) => [attribute.name, jsonOf(attribute)]));
}

/** The field names of `AttrValue`, by the type of the attribute. */
const FIELDS: Readonly<Record<number, string>> = {
  [AttributeType.STRING]: 's',
  [AttributeType.INT]: 'i',
  [AttributeType.FLOAT]: 'f',
  [AttributeType.BOOL]: 'b',
  [AttributeType.TYPE]: 'type',
};

function jsonOf({ name, type, value }: NodeAttribute): JsonAttribute {
  if (type === AttributeType.SHAPE) return { shape: shapeOf(value as number[]) };
  const field = FIELDS[type];
  if (field === undefined) throw new Error(`the attribute ${name} has the unknown type ${type}`);
  if (!Array.isArray(value)) return { [field]: jsonScalar(field, value) };
  return { list: { [field]: value.map((element: unknown) => jsonScalar(field, element)) } };
}

function jsonScalar(field: string, value: unknown): unknown {
  if (field === 's') return Buffer.from(String(value)).toString('base64');
  if (field === 'i') return String(value);
  return field === 'type' ? TYPES[Number(value)] : value;
}

function shapeOf(sizes: readonly number[]): object {
  return { dim: sizes.map((size) => ({ size: String(size) })) };
}

/** Gathers the nodes of a `GraphDef` as JSON, and the values of its constants. */
class JsonGraph {
  readonly nodes: JsonNode[] = [];
  readonly #constants: { name: string; tensor: HostTensor }[] = [];

  add(name: string, op: string, input: string[], attr: Record<string, JsonAttribute>): void {
    this.nodes.push({ name, op, ...(input.length > 0 ? { input } : {}), attr });
  }

  /** Adds a node, and returns its name. */
  node(op: string, input: string[], attr: Record<string, JsonAttribute>): string {
    const name = `${op}_${this.nodes.length}`;
    this.add(name, op, input, attr);
    return name;
  }

  /** Adds a constant, whose values go into the files of weights. */
  constant(tensor: HostTensor): string {
    const type = TYPES[tensor.type];
    const value = { tensor: { dtype: type, tensorShape: shapeOf(tensor.shape) } };
    const name = this.node('Const', [], { dtype: { type }, value });
    this.#constants.push({ name, tensor });
    return name;
  }

  number(value: number): string {
    return this.constant({ type: DataType.FLOAT, shape: [], values: Float32Array.of(value) });
  }

  /** The list of all constants for the manifest, and the files with their values one after the other. */
  weights(): { weights: object[]; shards: Map<string, Uint8Array> } {
    const dtypes: Readonly<Record<number, string>> = {
      [DataType.FLOAT]: 'float32',
      [DataType.INT32]: 'int32',
      [DataType.BOOL]: 'bool',
    };
    const weights = this.#constants.map(({ name, tensor: { shape, type } }) => ({
      name,
      shape: [...shape],
      dtype: dtypes[type],
    }));
    const bytes = Buffer.concat(
      this.#constants.map(({ tensor: { values } }) =>
        Buffer.from(values.buffer, values.byteOffset, values.byteLength),
      ),
    );
    const count = Math.max(1, Math.ceil(bytes.length / SHARD_BYTES));
    const shards = new Map<string, Uint8Array>();
    for (let index = 0; index < count; index++) {
      const part = bytes.subarray(index * SHARD_BYTES, (index + 1) * SHARD_BYTES);
      shards.set(`group1-shard${index + 1}of${count}.bin`, part);
    }
    return { weights, shards };
  }
}
