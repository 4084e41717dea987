import {
  attribute,
  outputOf,
  type GraphBuilder,
  type NodeOutput,
} from '../../tensorflow/c-api/graph-builder.js';
import { DataType } from '../../tensorflow/c-api/data-types.js';

/** The numbers of a float32 vector, each as a scalar. */
export function unpack(graph: GraphBuilder, vector: NodeOutput, count: number): NodeOutput[] {
  if (count === 0) return [];
  const scalars = graph.node(
    'Unpack',
    [vector],
    [attribute.type('T', DataType.FLOAT), attribute.integer('num', count), attribute.integer('axis', 0)],
  );
  return Array.from({ length: count }, (_, index) => outputOf(scalars, index));
}
