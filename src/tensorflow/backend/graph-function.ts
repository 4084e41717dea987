import type { OperationAttribute, TensorMetadata } from '#tensorflow-kernels';

import type { Pointer } from '../c-api/c-api.js';
import type { EagerContext } from '../c-api/eager-context.js';
import { AttributeType } from '../c-api/data-types.js';
import type { NodeOutput } from '../c-api/graph-builder.js';
import { encodeSessionConfig } from '../c-api/session-config.js';
import type { EagerBinding } from './eager-binding.js';

/** Names are never used twice: the eager context keeps kernels by the name of their operation. */
let count = 0;

/**
 * A graph as an operation of the eager mode: its inputs and outputs are eager tensors, and `executeOp` runs it by its name. Throws
 * TENSORFLOW_FAILED or OUT_OF_MEMORY where TensorFlow refuses the graph.
 */
export class GraphFunction {
  readonly #name: string;
  readonly #binding: EagerBinding;
  readonly #context: EagerContext;
  readonly #attributes: readonly OperationAttribute[];
  readonly #outputCount: number;
  #isRemoved = false;

  /**
   * @param definition an encoded `GraphDef`
   * @param inputs placeholders of the graph, in the order of the function's inputs
   */
  constructor(
    binding: EagerBinding,
    definition: Uint8Array,
    inputs: readonly NodeOutput[],
    outputs: readonly NodeOutput[],
  ) {
    const { context } = binding;
    this.#name = `compiled_step_${count++}`;
    this.#binding = binding;
    this.#context = context;
    this.#attributes = precisionOf(context);
    this.#outputCount = outputs.length;
    const graph = context.api.TF_NewGraph();
    try {
      importGraph(context, graph, definition);
      this.#register(graph, inputs, outputs);
    } finally {
      context.api.TF_DeleteGraph(graph);
    }
    binding.addFunction(this.#name, inputs.length);
  }

  /** Runs it on tensors of the binding, by their ids. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY. */
  run(inputs: readonly number[]): TensorMetadata[] {
    return this.#binding.executeOp(this.#name, this.#attributes, [...inputs], this.#outputCount);
  }

  /** Takes the operation out of the eager mode. */
  remove(): void {
    if (this.#isRemoved) return;
    this.#isRemoved = true;
    this.#binding.forgetFunction(this.#name);
    const { api, pointer, status } = this.#context;
    api.TFE_ContextRemoveFunction(pointer, this.#name, status);
    this.#context.check('removing a function');
  }

  #register(graph: Pointer, inputs: readonly NodeOutput[], outputs: readonly NodeOutput[]): void {
    const { api, pointer, status } = this.#context;
    const pairs = (names: readonly NodeOutput[]): BigInt64Array => outputPairs(this.#context, graph, names);
    const graphFunction = api.TF_GraphToFunction(
      ...([graph, this.#name, 0, ALL_OPERATIONS, null] as const),
      ...([inputs.length, pairs(inputs), outputs.length, pairs(outputs)] as const),
      ...([null, null, null, status] as const),
    );
    this.#context.check('a function of a graph');
    // The eager context takes a reference of its own.
    api.TFE_ContextAddFunction(pointer, graphFunction, status);
    api.TF_DeleteFunction(graphFunction);
    this.#context.check('a new function');
  }
}

/** The precision is that of the time when a function is made; the eager mode knows one alone. */
function precisionOf({ config }: EagerContext): OperationAttribute[] {
  if (config.mixedPrecision !== true) return [];
  return [{ name: 'config_proto', type: AttributeType.STRING, value: encodeSessionConfig(config) }];
}

const ALL_OPERATIONS = -1;

function importGraph(context: EagerContext, graph: Pointer, definition: Uint8Array): void {
  const { api, status } = context;
  const buffer = api.TF_NewBufferFromString(definition, definition.length);
  const options = api.TF_NewImportGraphDefOptions();
  api.TF_GraphImportGraphDef(graph, buffer, options, status);
  api.TF_DeleteImportGraphDefOptions(options);
  api.TF_DeleteBuffer(buffer);
  context.check('a graph');
}

/** An array of `TF_Output`: an operation's address and the number of its output, each in eight bytes. */
function outputPairs({ api }: EagerContext, graph: Pointer, names: readonly NodeOutput[]): BigInt64Array {
  const pairs = names.flatMap((name) => {
    const [operation = '', index = '0'] = name.split(':');
    const found = api.TF_GraphOperationByName(graph, operation);
    if (found === null) throw new Error(`the graph has no node ${operation}`);
    return [found, BigInt(index)];
  });
  return BigInt64Array.from(pairs);
}
