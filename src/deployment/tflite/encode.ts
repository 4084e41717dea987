import { Builder } from 'flatbuffers';

import { tensorsOf, type LiteGraph, type LiteOperator, type LiteTensor, type Quantization } from './graph.js';
import { optionFields } from './options.js';
import { FILE_IDENTIFIER, operatorSchemas, SCHEMA_VERSION, tensorTypes } from './schema.js';

/** The alignment of constants, which TFLite maps into memory as they are. */
const ALIGNMENT = 16;

/**
 * A graph as a TFLite file: a FlatBuffer of the table `Model` (tensorflow/compiler/mlir/lite/schema/schema.fbs). FlatBuffers are written from their end: what a
 * table refers to comes before it.
 *
 * @param metadata texts that the file holds, by name
 */
export function encodeLite(
  graph: LiteGraph,
  description: string,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  return new LiteEncoder(graph).encode(description, metadata);
}

class LiteEncoder {
  readonly #builder = new Builder(2 ** 16);
  readonly #graph: LiteGraph;
  readonly #tensors: readonly LiteTensor[];
  readonly #places: ReadonlyMap<LiteTensor, number>;
  /** Operator codes: each name with each version once. */
  readonly #codes: string[] = [];
  readonly #buffers: number[] = [];

  constructor(graph: LiteGraph) {
    this.#graph = graph;
    this.#tensors = [...tensorsOf(graph)];
    this.#places = new Map(this.#tensors.map((tensor, index) => [tensor, index]));
  }

  encode(description: string, metadata: Readonly<Record<string, string>>): Uint8Array {
    const builder = this.#builder;
    // By convention the first buffer is empty: that of tensors without values.
    this.#buffers.push(this.#table(3, () => undefined));
    const subgraph = this.#subgraph();
    const codes = this.#vector(this.#codes.map((code) => this.#operatorCode(code)));
    const subgraphs = this.#vector([subgraph]);
    const signatures = this.#vector([this.#signature()]);
    const texts = this.#vector(Object.entries(metadata).map(([name, text]) => this.#metadata(name, text)));
    const buffers = this.#vector(this.#buffers);
    const about = builder.createString(description);
    const model = this.#table(10, () => {
      builder.addFieldInt32(0, SCHEMA_VERSION, 0);
      [codes, subgraphs, about, buffers].forEach((offset, index) => {
        builder.addFieldOffset(index + 1, offset, 0);
      });
      builder.addFieldOffset(6, texts, 0);
      builder.addFieldOffset(7, signatures, 0);
    });
    builder.finish(model, FILE_IDENTIFIER);
    return builder.asUint8Array();
  }

  #subgraph(): number {
    const builder = this.#builder;
    const tensors = this.#vector(this.#tensors.map((tensor) => this.#tensor(tensor)));
    const { inputs, outputs } = this.#graph;
    const [ins, outs] = [this.#placesOf(inputs), this.#placesOf(outputs)];
    const operators = this.#vector(this.#graph.operators.map((operator) => this.#operator(operator)));
    const name = builder.createString('main');
    return this.#table(6, () => {
      [tensors, ins, outs, operators, name].forEach((offset, slot) => {
        builder.addFieldOffset(slot, offset, 0);
      });
      builder.addFieldInt32(5, -1, -1);
    });
  }

  #tensor(tensor: LiteTensor): number {
    const builder = this.#builder;
    const shape = this.#integers(tensor.shape);
    const name = builder.createString(tensor.name);
    const quantization = tensor.quantization && this.#quantization(tensor.quantization);
    const buffer = tensor.values ? this.#buffer(tensor.values) : 0;
    return this.#table(11, () => {
      builder.addFieldOffset(0, shape, 0);
      builder.addFieldInt8(1, tensorTypes[tensor.type], 0);
      builder.addFieldInt32(2, buffer, 0);
      builder.addFieldOffset(3, name, 0);
      if (quantization !== undefined) builder.addFieldOffset(4, quantization, 0);
      // `has_rank`: a tensor without dimensions is a number, not one of unknown shape.
      builder.addFieldInt8(8, 1, 0);
    });
  }

  #quantization({ scales, zeroPoints, axis }: Quantization): number {
    const builder = this.#builder;
    const scaleList = this.#list(4, scales, (scale) => {
      builder.addFloat32(scale);
    });
    const zeroPointList = this.#list(8, zeroPoints, (zeroPoint) => {
      builder.addInt64(BigInt(zeroPoint));
    });
    return this.#table(7, () => {
      builder.addFieldOffset(2, scaleList, 0);
      builder.addFieldOffset(3, zeroPointList, 0);
      builder.addFieldInt32(6, axis, 0);
    });
  }

  /** Adds a buffer, and returns its place. */
  #buffer(values: ArrayBufferView): number {
    const builder = this.#builder;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    builder.prep(ALIGNMENT, bytes.length);
    const data = builder.createByteVector(bytes);
    const buffer = this.#table(3, () => {
      builder.addFieldOffset(0, data, 0);
    });
    return this.#buffers.push(buffer) - 1;
  }

  #operator(operator: LiteOperator): number {
    const builder = this.#builder;
    const { name, inputs, outputs } = operator;
    const [ins, outs] = [this.#placesOf(inputs), this.#placesOf(outputs)];
    const { options: schema } = operatorSchemas[name];
    const options = schema && this.#options(operator, schema[1]);
    const code = this.#codeOf(operator);
    return this.#table(14, () => {
      builder.addFieldInt32(0, code, 0);
      builder.addFieldOffset(1, ins, 0);
      builder.addFieldOffset(2, outs, 0);
      if (schema === undefined || options === undefined) return;
      builder.addFieldInt8(3, schema[0], 0);
      builder.addFieldOffset(4, options, 0);
    });
  }

  #options(operator: LiteOperator, fields: number): number {
    const builder = this.#builder;
    const given = optionFields(operator);
    return this.#table(fields, () => {
      for (const { slot, type, value, fallback } of given) {
        if (type === 'int32') builder.addFieldInt32(slot, value, fallback);
        else if (type === 'float32') builder.addFieldFloat32(slot, value, fallback);
        else builder.addFieldInt8(slot, value, fallback);
      }
    });
  }

  #codeOf({ name, inputs, outputs }: LiteOperator): number {
    const { version = 1, int8Version = version } = operatorSchemas[name];
    const isInt8 = inputs[0]?.type === 'int8' && (name !== 'QUANTIZE' || outputs[0]?.type === 'int8');
    const key = `${name} ${isInt8 ? int8Version : version}`;
    const known = this.#codes.indexOf(key);
    return known >= 0 ? known : this.#codes.push(key) - 1;
  }

  #operatorCode(key: string): number {
    const builder = this.#builder;
    const [name, version] = key.split(' ') as [keyof typeof operatorSchemas, string];
    const { code } = operatorSchemas[name];
    return this.#table(4, () => {
      // Readers from before there were more than 127 operators look here.
      builder.addFieldInt8(0, Math.min(code, 127), 0);
      builder.addFieldInt32(2, Number(version), 1);
      builder.addFieldInt32(3, code, 0);
    });
  }

  #signature(): number {
    const builder = this.#builder;
    const { inputs, outputs } = this.#graph;
    const map = (tensors: readonly LiteTensor[]): number =>
      this.#vector(tensors.map((tensor) => this.#named(tensor)));
    const [ins, outs] = [map(inputs), map(outputs)];
    const key = builder.createString('serving_default');
    return this.#table(5, () => {
      builder.addFieldOffset(0, ins, 0);
      builder.addFieldOffset(1, outs, 0);
      builder.addFieldOffset(2, key, 0);
      builder.addFieldInt32(4, 0, 0);
    });
  }

  /** An entry of `TensorMap`. */
  #named(tensor: LiteTensor): number {
    const builder = this.#builder;
    const name = builder.createString(tensor.name);
    return this.#table(2, () => {
      builder.addFieldOffset(0, name, 0);
      builder.addFieldInt32(1, this.#places.get(tensor)!, 0);
    });
  }

  #metadata(name: string, text: string): number {
    const builder = this.#builder;
    const buffer = this.#buffer(Buffer.from(text));
    const label = builder.createString(name);
    return this.#table(2, () => {
      builder.addFieldOffset(0, label, 0);
      builder.addFieldInt32(1, buffer, 0);
    });
  }

  #table(fields: number, fill: () => void): number {
    this.#builder.startObject(fields);
    fill();
    return this.#builder.endObject();
  }

  #vector(offsets: readonly number[]): number {
    return this.#list(4, offsets, (offset) => {
      this.#builder.addOffset(offset);
    });
  }

  #integers(values: readonly number[]): number {
    return this.#list(4, values, (value) => {
      this.#builder.addInt32(value);
    });
  }

  /** A vector of numbers of some width, which are added from the last to the first. */
  #list(width: number, values: readonly number[], add: (value: number) => void): number {
    this.#builder.startVector(width, values.length, width);
    for (const value of values.toReversed()) add(value);
    return this.#builder.endVector();
  }

  #placesOf(tensors: readonly (LiteTensor | undefined)[]): number {
    return this.#integers(tensors.map((tensor) => (tensor ? this.#places.get(tensor)! : -1)));
  }
}
