import type { Pointer, TensorFlowApi } from './c-api.js';
import { attribute, type NodeAttribute } from './graph-builder.js';
import { readMessage } from '../../core/formats/protobuf-reader.js';

/** For each input of an operation, the name of its type attribute; undefined for a fixed type. */
type InputTypes = readonly (string | undefined)[];

/**
 * Completes the attributes of tfjs's kernels: eager mode infers type attributes from the inputs, but a `NodeDef` must contain
 * them.
 */
export class OperationTypes {
  readonly #api: TensorFlowApi;
  readonly #graph: Pointer;
  readonly #known = new Map<string, InputTypes>();

  constructor(api: TensorFlowApi) {
    this.#api = api;
    this.#graph = api.TF_NewGraph();
  }

  /** The type attributes of an operation that are not among the given ones. */
  missing(
    operation: string,
    given: readonly { name: string }[],
    inputTypes: readonly number[],
  ): NodeAttribute[] {
    const names = this.#known.get(operation) ?? this.#inputTypesOf(operation);
    this.#known.set(operation, names);
    const missing = new Map<string, number>();
    names.forEach((name, index) => {
      const type = inputTypes[index];
      if (name === undefined || type === undefined || given.some((other) => other.name === name)) return;
      missing.set(name, type);
    });
    return [...missing].map(([name, type]) => attribute.type(name, type));
  }

  dispose(): void {
    this.#api.TF_DeleteGraph(this.#graph);
  }

  /** Reads an `OpDef` (tensorflow/core/framework/op_def.proto): field 2 is an input, its field 4 the name of the type attribute. */
  #inputTypesOf(operation: string): InputTypes {
    const inputs = readMessage(this.#definition(operation)).get(2) ?? [];
    return inputs.map((input) => {
      const [name] = readMessage(input).get(4) ?? [];
      return name && new TextDecoder().decode(name);
    });
  }

  /** The encoded `OpDef`; empty for an unknown operation, which TensorFlow reports when the graph is imported. */
  #definition(operation: string): Uint8Array {
    const api = this.#api;
    const status = api.TF_NewStatus();
    const buffer = api.TF_NewBuffer();
    try {
      api.TF_GraphGetOpDef(this.#graph, operation, buffer, status);
      if (api.TF_GetCode(status) !== 0) return new Uint8Array();
      // A TF_Buffer starts with the address and the length of its data.
      const dataAndLength = new BigInt64Array(2);
      api.memcpy(dataAndLength, buffer, dataAndLength.byteLength);
      const definition = new Uint8Array(Number(dataAndLength[1]));
      api.memcpy(definition, dataAndLength[0]!, definition.length);
      return definition;
    } finally {
      api.TF_DeleteBuffer(buffer);
      api.TF_DeleteStatus(status);
    }
  }
}
