import { readMessage } from '../../core/formats/protobuf-reader.js';
import type { Pointer, TensorFlowApi } from './c-api.js';

/** What TensorFlow says of an operation, as far as it matters for calling it. */
export interface OperationDefinition {
  /** How many inputs it takes; undefined where that depends on its attributes. */
  readonly inputCount: number | undefined;
  /** The types of its attributes by name, such as `int` or `list(shape)`. */
  readonly attributeTypes: ReadonlyMap<string, string>;
  /** For each input, the attribute that says of which type it is, if there is one. */
  readonly inputTypes: readonly (string | undefined)[];
}

/** The definitions of operations, each read once. It lives as long as the process: there is one for the eager mode. */
export class OperationDefinitions {
  readonly #api: TensorFlowApi;
  readonly #graph: Pointer;
  readonly #known = new Map<string, OperationDefinition>();

  constructor(api: TensorFlowApi) {
    this.#api = api;
    this.#graph = api.TF_NewGraph();
  }

  /** The definition of an operation; undefined for one that TensorFlow does not know. */
  of(operation: string): OperationDefinition | undefined {
    const known = this.#known.get(operation);
    if (known) return known;
    const bytes = this.#read(operation);
    if (!bytes) return undefined;
    const definition = decode(bytes);
    this.#known.set(operation, definition);
    return definition;
  }

  #read(operation: string): Uint8Array | undefined {
    const api = this.#api;
    const status = api.TF_NewStatus();
    const buffer = api.TF_NewBuffer();
    try {
      api.TF_GraphGetOpDef(this.#graph, operation, buffer, status);
      if (api.TF_GetCode(status) !== 0) return undefined;
      // A TF_Buffer begins with an address and a length.
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

/**
 * An `OpDef` (tensorflow/core/framework/op_def.proto): its field 2 is an input, whose fields 4, 5 and 6 name the attributes for its type,
 * its number and a list of types; its field 4 is an attribute, whose fields 1 and 2 are its name and its type.
 */
function decode(bytes: Uint8Array): OperationDefinition {
  const fields = readMessage(bytes);
  const inputs = (fields.get(2) ?? []).map(readMessage);
  const isVariadic = inputs.some((input) => input.has(5) || input.has(6));
  const attributes = (fields.get(4) ?? []).map(readMessage);
  return {
    inputCount: isVariadic ? undefined : inputs.length,
    attributeTypes: new Map(attributes.map((fields) => [text(fields, 1)!, text(fields, 2)!])),
    inputTypes: inputs.map((input) => text(input, 4)),
  };
}

function text(fields: Map<number, Uint8Array[]>, field: number): string | undefined {
  const [bytes] = fields.get(field) ?? [];
  return bytes && new TextDecoder().decode(bytes);
}
