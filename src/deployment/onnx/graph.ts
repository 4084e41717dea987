import { MessageWriter } from '../../core/formats/protobuf.js';

/** Numbers that ONNX gives to the types of elements (TensorProto.DataType in onnx.proto3). */
export const OnnxType = { FLOAT: 1, UINT8: 2, INT8: 3, INT32: 6, INT64: 7, BOOL: 9 } as const;

/** The operator set whose operations are written; ONNX Runtime reads it since 1.12, of 2022. */
export const OPSET = 17;
/** The version of the file format that came with it. */
const IR_VERSION = 8;

/** A tensor that is part of a graph. */
export interface OnnxTensor {
  type: number;
  shape: readonly number[];
  bytes: Uint8Array;
}

/** An attribute: a whole number, a list of them, a text, or a fraction. */
export type OnnxAttribute = number | readonly number[] | string | { float: number };

/** The shape of an input or output; a name stands for a dimension that varies between calls. */
export type OnnxShape = readonly (number | string)[];

/** Numbers of AttributeProto.AttributeType. */
const AttributeKind = { FLOAT: 1, INT: 2, STRING: 3, INTS: 7 } as const;

/** Builds an `onnx.ModelProto` (onnx/onnx.proto3), node by node, in the order in which they are computed. */
export class OnnxGraph {
  readonly #graph = new MessageWriter();
  #count = 0;

  constructor(name: string) {
    this.#graph.text(2, name);
  }

  input(name: string, type: number, shape: OnnxShape): string {
    this.#graph.message(11, encodeValue(name, type, shape));
    return name;
  }

  output(name: string, type: number, shape: OnnxShape): void {
    this.#graph.message(12, encodeValue(name, type, shape));
  }

  /** Adds a node and returns the name of its only output. */
  node(
    operation: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    output = `${operation}_${this.#count++}`,
  ): string {
    this.#node(operation, inputs, attributes, [output]);
    return output;
  }

  /** Adds a node with several outputs, and returns their names. */
  nodes(
    operation: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>>,
    count: number,
  ): string[] {
    const name = `${operation}_${this.#count++}`;
    const outputs = Array.from({ length: count }, (_, index) => `${name}_${index}`);
    this.#node(operation, inputs, attributes, outputs);
    return outputs;
  }

  #node(
    operation: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>>,
    outputs: readonly string[],
  ): void {
    const node = new MessageWriter();
    for (const input of inputs) node.text(1, input);
    for (const output of outputs) node.text(2, output);
    node.text(3, outputs[0]!).text(4, operation);
    for (const [name, value] of Object.entries(attributes)) node.message(5, encodeAttribute(name, value));
    this.#graph.message(1, node);
  }

  /** Adds a tensor and returns its name. */
  constant({ type, shape, bytes }: OnnxTensor, name = `constant_${this.#count++}`): string {
    const tensor = new MessageWriter();
    for (const size of shape) tensor.integer(1, size);
    this.#graph.message(5, tensor.integer(2, type).text(8, name).bytes(9, bytes));
    return name;
  }

  floats(values: Float32Array, shape: readonly number[]): string {
    return this.constant({ type: OnnxType.FLOAT, shape, bytes: bytesOf(values) });
  }

  float(value: number): string {
    return this.floats(Float32Array.of(value), []);
  }

  integers(values: readonly number[]): string {
    const bytes = bytesOf(BigInt64Array.from(values, BigInt));
    return this.constant({ type: OnnxType.INT64, shape: [values.length], bytes });
  }

  /** The model, encoded, with texts that say where it comes from. */
  finish(producerVersion: string, metadata: Readonly<Record<string, string>>): Uint8Array {
    const model = new MessageWriter()
      .integer(1, IR_VERSION)
      .text(2, 'mnist-train')
      .text(3, producerVersion)
      .message(7, this.#graph)
      .message(8, new MessageWriter().text(1, '').integer(2, OPSET));
    for (const [key, value] of Object.entries(metadata)) {
      model.message(14, new MessageWriter().text(1, key).text(2, value));
    }
    return model.finish();
  }
}

/** The memory of numbers. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function encodeAttribute(name: string, value: OnnxAttribute): MessageWriter {
  const message = new MessageWriter().text(1, name);
  if (typeof value === 'number') return message.integer(3, value).integer(20, AttributeKind.INT);
  if (typeof value === 'string') return message.text(4, value).integer(20, AttributeKind.STRING);
  if ('float' in value) return message.float(2, value.float).integer(20, AttributeKind.FLOAT);
  for (const element of value) message.integer(8, element);
  return message.integer(20, AttributeKind.INTS);
}

function encodeValue(name: string, type: number, shape: OnnxShape): MessageWriter {
  const sizes = new MessageWriter();
  for (const size of shape) {
    const dimension = new MessageWriter();
    sizes.message(1, typeof size === 'number' ? dimension.integer(1, size) : dimension.text(2, size));
  }
  const tensor = new MessageWriter().integer(1, type).message(2, sizes);
  return new MessageWriter().text(1, name).message(2, new MessageWriter().message(1, tensor));
}
