import { attribute, after, type GraphBuilder, type NodeOutput, outputOf } from './graph-builder.js';
import type { HostTensor } from './tensors.js';
import { DataType } from './data-types.js';

/** A node's output and its type (`DataType`). */
export interface TypedOutput {
  output: NodeOutput;
  type: number;
}

/** Builds values inside a loop body. */
export interface LoopScope {
  /** Captures a value from outside the loop, as a loop invariant. */
  capture(value: TypedOutput): NodeOutput;
  /** Adds a constant; equal tensors share a node. */
  constant(tensor: HostTensor): NodeOutput;
}

/** A counted loop. */
export interface LoopDescription {
  /** The number of iterations: an int32 scalar. */
  times: NodeOutput;
  /** The initial values of the loop-carried variables. */
  carried: readonly TypedOutput[];
  /** How many iterations may run in parallel, as far as their inputs allow. */
  parallel: number;
  /**
   * Builds one iteration and returns the new values of the loop-carried variables.
   *
   * @param index the number of the iteration, from 0
   */
  body: (inside: LoopScope, index: NodeOutput, carried: readonly NodeOutput[]) => readonly NodeOutput[];
}

/**
 * Adds a while loop in the dataflow form that TensorFlow's executor runs (Yu et al., "Dynamic control flow in large-scale machine
 * learning", 2018), and returns the final values of the loop-carried variables.
 */
export function addLoop(graph: GraphBuilder, name: string, description: LoopDescription): NodeOutput[] {
  const { times, carried, parallel, body } = description;
  const enter = ({ output, type }: TypedOutput, isConstant: boolean): NodeOutput =>
    graph.node(
      'Enter',
      [output],
      [
        attribute.type('T', type),
        attribute.text('frame_name', name),
        attribute.boolean('is_constant', isConstant),
        attribute.integer('parallel_iterations', parallel),
      ],
    );
  const integer = [attribute.type('T', DataType.INT32)];
  const all = [{ output: graph.integer(0), type: DataType.INT32 }, ...carried];
  const merged = all.map((value, position) =>
    graph.node(
      'Merge',
      [enter(value, false), nextName(name, position)],
      [attribute.type('T', value.type), attribute.integer('N', 2)],
    ),
  );
  const limit = enter({ output: times, type: DataType.INT32 }, true);
  const condition = graph.node('LoopCond', [graph.node('Less', [merged[0]!, limit], integer)]);
  const switched = all.map(({ type }, position) =>
    graph.node('Switch', [merged[position]!, condition], [attribute.type('T', type)]),
  );
  const [index, ...current] = all.map(({ type }, position) =>
    graph.node('Identity', [outputOf(switched[position]!, 1)], [attribute.type('T', type)]),
  );
  const constants = new Map<string, NodeOutput>();
  const one = graph.constant(ONE, [after(index!)]);
  const inside: LoopScope = {
    capture: (value) => enter(value, true),
    constant(tensor) {
      const key = keyOf(tensor);
      const node = constants.get(key) ?? graph.constant(tensor, [after(index!)]);
      constants.set(key, node);
      return node;
    },
  };
  const next = [graph.node('Add', [index!, one], integer), ...body(inside, index!, current)];
  next.forEach((output, position) => {
    const { type } = all[position]!;
    graph.node('NextIteration', [output], [attribute.type('T', type)], nextName(name, position));
  });
  return carried.map(({ type }, position) =>
    graph.node('Exit', [switched[position + 1]!], [attribute.type('T', type)]),
  );
}

const ONE: HostTensor = { type: DataType.INT32, shape: [], values: Int32Array.of(1) };

function nextName(loop: string, position: number): string {
  return `${loop}_next_${position}`;
}

function keyOf({ type, shape, values }: HostTensor): string {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return `${type}/${shape.join('x')}/${bytes.toString('base64')}`;
}
