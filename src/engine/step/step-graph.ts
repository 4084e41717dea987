import { attribute, GraphBuilder, type NodeOutput } from '../../tensorflow/c-api/graph-builder.js';
import { DataType } from '../../tensorflow/c-api/data-types.js';
import { refuse } from './refusal.js';
import type { StepTrace, TypeAndShape } from './step-trace.js';

/** A step as the graph of a function. Its inputs are the arguments, captured tensors, and variables; its outputs the results and new values. */
export interface StepGraph {
  /** An encoded `GraphDef`. */
  readonly definition: Uint8Array;
  readonly inputs: readonly NodeOutput[];
  readonly outputs: readonly NodeOutput[];
  /** The tensors that the step takes from its surroundings, by their numbers. */
  readonly captured: readonly number[];
  /** The values of variables that it takes, by their numbers. */
  readonly read: readonly number[];
}

/** Builds the graph of a trace. Throws STEP_NOT_TRACEABLE for operations that a function of tensors cannot have. */
export function stepGraph(trace: StepTrace): StepGraph {
  const { parameters, variables, results, assigned, constants } = trace;
  const graph = new GraphBuilder();
  const nodes = new Map<number, NodeOutput>();
  const ends = [...results, ...assigned.values()];
  const outside = takenFromOutside(trace);
  const read = [...outside].filter((id) => variables.has(id));
  const captured = [...outside].filter((id) => !variables.has(id));
  const typeOf = typesOf(trace);
  [...parameters, ...captured, ...read].forEach((id, index) => {
    const { type, shape } = typeOf(id);
    nodes.set(id, graph.placeholder(`input_${index}`, type, shape));
  });
  const inputs = [...nodes.values()];
  const valueOf = (id: number): NodeOutput => {
    const node = nodes.get(id) ?? graph.constant(constants.get(id)!);
    nodes.set(id, node);
    return node;
  };
  for (const { name, attributes, inputs: taken, outputs, changes } of trace.operations) {
    if (changes > 0) refuse(name, 'changes variables in place');
    const node = graph.node(name, taken.map(valueOf), attributes);
    outputs.forEach(({ id }, index) => nodes.set(id, node.replace(/0$/, String(index))));
  }
  // A value of its own each, as an input may be handed on, and a result be returned twice.
  const outputs = ends.map((id) =>
    graph.node('Identity', [valueOf(id)], [attribute.type('T', typeOf(id).type)]),
  );
  return { definition: graph.finish(), inputs, outputs, captured, read };
}

/** The tensors that were there before the step, other than its arguments, as far as it takes them. */
function takenFromOutside({ operations, results, assigned, parameters, firstOwn }: StepTrace): Set<number> {
  const taken = [...operations.flatMap(({ inputs }) => inputs), ...results, ...assigned.values()];
  return new Set(taken.filter((id) => id < firstOwn && !parameters.includes(id)));
}

function typesOf({ operations, types }: StepTrace): (id: number) => TypeAndShape {
  const known = new Map(types);
  for (const { inputs, inputTypes, inputShapes } of operations) {
    inputs.forEach((id, at) => known.set(id, { type: inputTypes[at]!, shape: [...inputShapes[at]!] }));
  }
  return (id) => known.get(id) ?? { type: DataType.FLOAT, shape: [] };
}
