import {
  attribute,
  type GraphBuilder,
  type HostTensor,
  type NodeOutput,
} from '../tensorflow/graph-builder.js';
import { DataType } from '../tensorflow/data-types.js';
import type { Trace } from './trace.js';

/** What a trace's tensors become in a graph, as far as the trace itself does not say it. */
export interface Surroundings {
  /** The trace's parameters, in order. */
  parameters: readonly NodeOutput[];
  /** A variable's value before the step, by its number in the trace. */
  read: (variable: number) => NodeOutput;
  /** The resource that holds a variable. */
  handle: (variable: number) => NodeOutput;
  constant: (tensor: HostTensor) => NodeOutput;
}

/** A trace as part of a graph. */
export interface Lowered {
  results: NodeOutput[];
  /** Nodes that change variables. */
  updates: NodeOutput[];
}

/** Adds what a trace did to a graph, operation by operation. */
export function lower(graph: GraphBuilder, trace: Trace, around: Surroundings): Lowered {
  const known = new Map<number, NodeOutput>();
  trace.parameters.forEach((id, index) => known.set(id, around.parameters[index]!));
  const valueOf = (id: number): NodeOutput => {
    const output = known.get(id) ?? outsideValue(trace, id, around);
    known.set(id, output);
    return output;
  };
  const updates: NodeOutput[] = [];
  for (const { name, attributes, inputs, outputs, changes } of trace.operations) {
    const taken = inputs.map((id, index) => (index < changes ? around.handle(id) : valueOf(id)));
    const node = graph.node(name, taken, attributes);
    outputs.forEach(({ id }, index) => known.set(id, node.replace(/0$/, String(index))));
    if (changes > 0) updates.push(node);
  }
  const handles = new Map([...trace.variables].map(([id, variable]) => [variable, id]));
  for (const [variable, id] of trace.assigned) {
    const target = around.handle(handles.get(variable)!);
    updates.push(
      graph.node('AssignVariableOp', [target, valueOf(id)], [attribute.type('dtype', DataType.FLOAT)]),
    );
  }
  return { results: trace.results.map(valueOf), updates };
}

function outsideValue({ variables, constants }: Trace, id: number, around: Surroundings): NodeOutput {
  if (variables.has(id)) return around.read(id);
  const constant = constants.get(id);
  if (!constant) throw new Error(`the trace does not say where tensor ${id} comes from`);
  return around.constant(constant);
}
