import { AttributeType, DataType } from './data-types.js';
import { MessageWriter } from '../../core/formats/protobuf.js';
import { requireFit, shapeArgument, type HostTensor } from './tensors.js';

/** The output of a node, as another node takes it: `name:index`, or `^name` to run after it only. */
export type NodeOutput = string;

/** An attribute of an operation; `type` is one of `AttributeType`, as in tfjs's kernels. */
export interface NodeAttribute {
  name: string;
  type: number;
  value: unknown;
}

/** The version of the graph format that TensorFlow 2.16 and later read without conversions. */
const PRODUCER = 1882;

/** Builds a `tensorflow.GraphDef` (tensorflow/core/framework/graph.proto, node_def.proto, attr_value.proto). */
export class GraphBuilder {
  readonly #graph = new MessageWriter();
  readonly #prefix: string;
  #count = 0;

  /** @param prefix of the names that are made up, for graphs that share a session */
  constructor(prefix = '') {
    this.#prefix = prefix;
  }

  /**
   * Adds a node and returns its first output. Inputs that are not known yet (around a loop) may be named in advance.
   *
   * @param name how runs will call the node; without it, one is made up
   */
  node(
    operation: string,
    inputs: readonly NodeOutput[],
    attributes: readonly NodeAttribute[] = [],
    name = `${this.#prefix}${operation}_${this.#count++}`,
  ): NodeOutput {
    const node = new MessageWriter().text(1, name).text(2, operation);
    // Dependencies come after the inputs that carry values.
    for (const input of inputs) if (!input.startsWith('^')) node.text(3, input);
    for (const input of inputs) if (input.startsWith('^')) node.text(3, input);
    for (const attribute of attributes) {
      node.message(5, new MessageWriter().text(1, attribute.name).message(2, encodeAttribute(attribute)));
    }
    this.#graph.message(1, node);
    return `${name}:0`;
  }

  /** A tensor that is part of the graph. Throws TENSORFLOW_FAILED where its values do not fill its shape. */
  constant(tensor: HostTensor, dependencies: readonly NodeOutput[] = []): NodeOutput {
    requireFit(tensor, 'a constant');
    const { type, shape, values } = tensor;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const value = new MessageWriter().integer(1, type).message(2, encodeShape(shape)).bytes(4, bytes);
    return this.node('Const', dependencies, [
      attribute.type('dtype', type),
      { name: 'value', type: TENSOR, value },
    ]);
  }

  /** An int32 that is part of the graph: a scalar, or with more than a number a vector. */
  integer(value: number | readonly number[]): NodeOutput {
    const isScalar = typeof value === 'number';
    return this.constant({
      type: DataType.INT32,
      shape: isScalar ? [] : [value.length],
      values: Int32Array.from(isScalar ? [value] : value),
    });
  }

  /** A tensor that each run is fed with, under this name; -1 is a size that is not known yet. */
  placeholder(name: string, type: number, shape: readonly number[]): NodeOutput {
    shapeArgument(shape, `the placeholder ${name}`, -1);
    return this.node(
      'Placeholder',
      [],
      [attribute.type('dtype', type), attribute.shape('shape', shape)],
      name,
    );
  }

  /** The graph, encoded. */
  finish(): Uint8Array {
    const versions = new MessageWriter().integer(1, PRODUCER);
    return this.#graph.message(4, versions).finish();
  }
}

/** Attributes by their type. */
export const attribute = {
  type: (name: string, value: number): NodeAttribute => ({ name, type: AttributeType.TYPE, value }),
  integer: (name: string, value: number): NodeAttribute => ({ name, type: AttributeType.INT, value }),
  integers: (name: string, value: readonly number[]): NodeAttribute => ({
    name,
    type: AttributeType.INT,
    value,
  }),
  float: (name: string, value: number): NodeAttribute => ({ name, type: AttributeType.FLOAT, value }),
  boolean: (name: string, value: boolean): NodeAttribute => ({ name, type: AttributeType.BOOL, value }),
  text: (name: string, value: string): NodeAttribute => ({ name, type: AttributeType.STRING, value }),
  texts: (name: string, value: readonly string[]): NodeAttribute => ({
    name,
    type: AttributeType.STRING,
    value,
  }),
  shape: (name: string, value: readonly number[]): NodeAttribute => ({
    name,
    type: AttributeType.SHAPE,
    value,
  }),
};

/** Runs after a node without taking its value. */
export function after(output: NodeOutput): NodeOutput {
  return `^${output.slice(0, output.lastIndexOf(':'))}`;
}

/** Attributes of this type occur in constants alone; tfjs has no number for it. */
const TENSOR = -2;

/** The fields of `AttrValue` and of its `ListValue`, by the type of the attribute. */
const FIELDS: Readonly<Record<number, number>> = {
  [AttributeType.STRING]: 2,
  [AttributeType.INT]: 3,
  [AttributeType.FLOAT]: 4,
  [AttributeType.BOOL]: 5,
  [AttributeType.TYPE]: 6,
};

function encodeAttribute({ name, type, value }: NodeAttribute): MessageWriter {
  const message = new MessageWriter();
  if (type === TENSOR) return message.message(8, value as MessageWriter);
  if (type === AttributeType.SHAPE) return message.message(7, encodeShape(value as number[]));
  const field = FIELDS[type];
  if (field === undefined) throw new Error(`the attribute ${name} is of type ${type}, which is unknown`);
  if (!Array.isArray(value)) return encodeScalar(message, field, value);
  const list = value.reduce<MessageWriter>(
    (writer, element) => encodeScalar(writer, field, element),
    new MessageWriter(),
  );
  return message.message(1, list);
}

function encodeScalar(message: MessageWriter, field: number, value: unknown): MessageWriter {
  if (typeof value === 'string') return message.text(field, value);
  if (typeof value === 'boolean') return message.boolean(field, value);
  return field === FIELDS[AttributeType.FLOAT]
    ? message.float(field, value as number)
    : message.integer(field, Number(value));
}

function encodeShape(shape: readonly number[]): MessageWriter {
  return shape.reduce(
    (message, size) => message.message(2, new MessageWriter().integer(1, size)),
    new MessageWriter(),
  );
}
