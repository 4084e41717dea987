import type { Pointer, TensorFlowApi } from './c-api.js';
import { attribute, type NodeAttribute } from './graph-builder.js';
import { readMessage } from '../../core/formats/protobuf-reader.js';

/** The attributes of an operation that say of which type its inputs are. */
interface InputTypes {
  /** For each input the attribute's name, if it has one. */
  names: readonly (string | undefined)[];
  /** Whether an input is a list, so that what follows it has no fixed place. */
  hasLists: boolean;
}

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

  /**
   * The attributes of an operation, in full. Types that are given and are not those of the inputs are corrected, as eager mode does it
   * (tfjs's kernel of a mean over integers names the type from before its conversion).
   */
  complete(
    operation: string,
    given: readonly NodeAttribute[],
    inputTypes: readonly number[],
  ): NodeAttribute[] {
    const { names, hasLists } = this.#known.get(operation) ?? this.#inputTypesOf(operation);
    this.#known.set(operation, { names, hasLists });
    const ofInputs = new Map<string, number>();
    names.forEach((name, index) => {
      const type = inputTypes[index];
      if (name === undefined || type === undefined) return;
      if (!hasLists || !given.some((other) => other.name === name)) ofInputs.set(name, type);
    });
    const rest = given.filter(({ name }) => !ofInputs.has(name));
    return [...rest, ...[...ofInputs].map(([name, type]) => attribute.type(name, type))];
  }

  dispose(): void {
    this.#api.TF_DeleteGraph(this.#graph);
  }

  /**
   * Reads an `OpDef` (tensorflow/core/framework/op_def.proto): field 2 is an input, whose field 4 names its type attribute; fields 5
   * and 6 are there for lists.
   */
  #inputTypesOf(operation: string): InputTypes {
    const inputs = (readMessage(this.#definition(operation)).get(2) ?? []).map(readMessage);
    const names = inputs.map((input) => {
      const [name] = input.get(4) ?? [];
      return name && new TextDecoder().decode(name);
    });
    return { names, hasLists: inputs.some((input) => input.has(5) || input.has(6)) };
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
