import { shortened } from '../../../core/format.js';
import { elementCount } from '../../../core/images.js';
import type { Message } from './message.js';
import { elementTypes, type OnnxValue } from './types.js';

/** A model is intact, and still not taken. */
export class Refusal extends Error {
  readonly hint: string;

  constructor(reason: string, hint: string) {
    super(reason);
    this.hint = hint;
  }
}

/** Numbers of fields in onnx/onnx.proto3. */
const GraphField = { NODE: 1, INITIALIZER: 5, INPUT: 11, OUTPUT: 12, SPARSE: 15 };
const NodeField = { OUTPUT: 2, NAME: 3, OPERATOR: 4, ATTRIBUTE: 5, DOMAIN: 7 };
const AttributeField = { TENSOR: 5, GRAPH: 6, TENSORS: 10, GRAPHS: 11, SPARSE: 22, SPARSES: 23 };
const TensorField = { DIMS: 1, TYPE: 2, NAME: 8, RAW: 9, EXTERNAL: 13, LOCATION: 14 };
const SparseField = { VALUES: 1, INDICES: 2 };
const ValueField = { NAME: 1, TYPE: 2 };
const TypeField = { TENSOR: 1, SEQUENCE: 4, MAP: 5, OPTIONAL: 9 };
const TensorTypeField = { ELEMENT: 1, SHAPE: 2 };
const DimensionField = { VALUE: 1, NAME: 2 };
const FunctionField = { NAME: 1, NODE: 7, DOMAIN: 10, ATTRIBUTE: 11 };
const EntryField = { KEY: 1, VALUE: 2 };

/** The operators of ONNX, and those that ONNX Runtime adds when it quantises or optimises a model. */
const DOMAINS: readonly string[] = ['', 'ai.onnx', 'ai.onnx.ml', 'com.microsoft'];
const MAX_NODES = 100_000;
const MAX_DEPTH = 16;
/** The most elements that a byte of a packed tensor can stand for. */
const ELEMENTS_PER_BYTE = 8;

/** Walks through the graphs of a model, and refuses what is not to be run. */
export class GraphReader {
  readonly operators = new Map<string, number>();
  parameters = 0;
  readonly #functions: ReadonlySet<string>;
  #nodes = 0;

  /** @param functions operators that the model itself defines */
  constructor(functions: readonly Message[]) {
    this.#functions = new Set(
      functions.map((made) => keyOf(made.text(FunctionField.DOMAIN), made.text(FunctionField.NAME))),
    );
    for (const made of functions) {
      for (const node of made.messages(FunctionField.NODE)) this.#node(node, 0);
      for (const attribute of made.messages(FunctionField.ATTRIBUTE)) this.#attribute(attribute, 0);
    }
  }

  /** Reads the graph that is computed: its inputs and outputs, and the operator that makes each value. */
  readMain(graph: Message): {
    inputs: OnnxValue[];
    outputs: OnnxValue[];
    makers: ReadonlyMap<string, string>;
  } {
    const makers = this.#graph(graph, 0);
    const initialized = new Set(
      graph.messages(GraphField.INITIALIZER).map((tensor) => tensor.text(TensorField.NAME)),
    );
    const inputs = graph.messages(GraphField.INPUT).map(valueOf);
    return {
      inputs: inputs.filter(({ name }) => !initialized.has(name)),
      outputs: graph.messages(GraphField.OUTPUT).map(valueOf),
      makers,
    };
  }

  #graph(graph: Message, depth: number): Map<string, string> {
    if (depth > MAX_DEPTH) throw new Error('its graphs are nested too deeply');
    for (const tensor of graph.messages(GraphField.INITIALIZER)) this.#weights(tensor);
    for (const tensor of graph.messages(GraphField.SPARSE)) this.#sparse(tensor);
    const makers = new Map<string, string>();
    for (const node of graph.messages(GraphField.NODE)) {
      const operator = this.#node(node, depth);
      for (const output of node.texts(NodeField.OUTPUT)) makers.set(output, operator);
    }
    return makers;
  }

  #node(node: Message, depth: number): string {
    if (++this.#nodes > MAX_NODES) throw new Error(`it has more than ${MAX_NODES} nodes`);
    const [domain, operator] = [node.text(NodeField.DOMAIN), node.text(NodeField.OPERATOR)];
    if (!DOMAINS.includes(domain) && !this.#functions.has(keyOf(domain, operator))) {
      throw new Refusal(
        `the operator ${shortened(operator, 100)} of ${shortened(domain, 100)} is not part of ONNX`,
        'export the model with standard operators alone',
      );
    }
    this.operators.set(operator, (this.operators.get(operator) ?? 0) + 1);
    for (const attribute of node.messages(NodeField.ATTRIBUTE)) this.#attribute(attribute, depth);
    return operator;
  }

  #attribute(attribute: Message, depth: number): void {
    for (const field of [AttributeField.TENSOR, AttributeField.TENSORS]) {
      for (const tensor of attribute.messages(field)) checkTensor(tensor);
    }
    for (const field of [AttributeField.SPARSE, AttributeField.SPARSES]) {
      for (const tensor of attribute.messages(field)) this.#sparse(tensor);
    }
    for (const field of [AttributeField.GRAPH, AttributeField.GRAPHS]) {
      for (const graph of attribute.messages(field)) this.#graph(graph, depth + 1);
    }
  }

  #weights(tensor: Message): void {
    this.parameters += checkTensor(tensor);
  }

  #sparse(tensor: Message): void {
    for (const values of tensor.messages(SparseField.VALUES)) this.#weights(values);
    for (const indices of tensor.messages(SparseField.INDICES)) checkTensor(indices);
  }
}

const keyOf = (domain: string, name: string): string => `${domain}:${name}`;

/** Refuses a tensor whose values are elsewhere, or that claims more than its bytes hold. Returns its number of elements. */
function checkTensor(tensor: Message): number {
  const name = shortened(tensor.text(TensorField.NAME) || 'without a name', 100);
  if (tensor.has(TensorField.EXTERNAL) || tensor.integer(TensorField.LOCATION) !== 0) {
    const entries = tensor.messages(TensorField.EXTERNAL);
    const location = entries.find((entry) => entry.text(EntryField.KEY) === 'location');
    const file = shortened(location?.text(EntryField.VALUE) ?? 'another file', 100);
    throw new Refusal(
      `its tensor ${name} is in another file (${file}), which is not read`,
      'save it as one file: torch.onnx.export(…, external_data=False), or onnx.save(onnx.load("net.onnx"), "one.onnx")',
    );
  }
  const shape = tensor.integers(TensorField.DIMS);
  if (!shape.every((size) => size >= 0)) throw new Error(`its tensor ${name} has a size below 0`);
  const elements = elementCount(shape);
  const [raw, ...more] = tensor.bytes(TensorField.RAW);
  const type = elementTypes[tensor.integer(TensorField.TYPE)];
  if (!type) throw new Error(`its tensor ${name} has an unknown type, ${tensor.integer(TensorField.TYPE)}`);
  const fits = raw
    ? more.length === 0 && raw.length === Math.ceil((elements * type.bits) / 8)
    : elements <= ELEMENTS_PER_BYTE * tensor.size;
  if (fits) return elements;
  throw new Error(
    `its tensor ${name} claims ${elements} elements (${type.name}), which its bytes do not hold`,
  );
}

function valueOf(value: Message): OnnxValue {
  const type = value.messages(ValueField.TYPE).at(-1);
  const tensor = type?.messages(TypeField.TENSOR).at(-1);
  const name = value.text(ValueField.NAME);
  if (!tensor) return { name, type: kindOf(type), shape: undefined };
  const shape = tensor.messages(TensorTypeField.SHAPE).at(-1);
  const element = tensor.integer(TensorTypeField.ELEMENT);
  return {
    name,
    type: elementTypes[element]?.name ?? `type ${element}`,
    shape: shape?.messages(1).map(sizeOf),
  };
}

function kindOf(type: Message | undefined): string {
  if (type?.has(TypeField.SEQUENCE)) return 'sequence';
  if (type?.has(TypeField.MAP)) return 'map';
  return type?.has(TypeField.OPTIONAL) ? 'optional' : 'unknown type';
}

function sizeOf(dimension: Message): number | string | undefined {
  const size = dimension.has(DimensionField.VALUE) ? dimension.integer(DimensionField.VALUE) : 0;
  // Some programs write 0 or −1 for a size that is open.
  if (size > 0) return size;
  return dimension.text(DimensionField.NAME) || undefined;
}
