import {
  after,
  attribute,
  type GraphBuilder,
  type NodeOutput,
  outputOf,
} from '../../tensorflow/c-api/graph-builder.js';
import type { HostTensor } from '../../tensorflow/c-api/tensors.js';
import { DataType } from '../../tensorflow/c-api/data-types.js';
import { LATEST_VALUE, type RecordedOperation } from '../../tensorflow/backend/recording-binding.js';
import { ShardedValues, type TraceInputs } from '../sharding/sharded-values.js';
import { shardingOf } from '../sharding/sharding.js';
import { shareBatch } from '../sharding/shares.js';
import { Turns } from '../sharding/turns.js';
import type { Trace } from '../tracing/trace.js';
import type { ShardedOperation } from '../sharding/sharded-operation.js';

/** The graph's nodes for the tensors that come from outside a trace. */
export interface GraphContext {
  /** The trace's parameters, in order. */
  parameters: readonly NodeOutput[];
  /** Reads a variable's value before the step, by its id in the trace. */
  read: (variable: number) => NodeOutput;
  /** The resource handle of a variable, by its id in the trace. */
  handle: (variable: number) => NodeOutput;
  constant: (tensor: HostTensor) => NodeOutput;
  /** Where a batch is computed in parts: the images from one of the batch on, once others are done. */
  images?: (start: number, count: number, order: readonly NodeOutput[]) => NodeOutput;
}

/** The batch size, and the number of shards that the batch is split into; 1 leaves it whole. */
export interface BatchShards {
  batch: number;
  count: number;
  /** How many parts of the batch are computed one after another, each with as many of the shards; by default 1. */
  parts?: number;
}

/** What is lowered of a trace. */
export type LoweredTrace = Pick<
  Trace,
  'operations' | 'constants' | 'parameters' | 'results' | 'variables' | 'assigned'
>;

/** The nodes of a lowered trace. */
export interface Lowered {
  results: NodeOutput[];
  /** Nodes that update variables. */
  updates: NodeOutput[];
}

/**
 * Lowers a trace: adds its operations to a graph. With several shards, the operations that allow it run on each shard of the batch in
 * parallel, and the shards' gradients are summed (data parallelism within a step).
 */
export function lower(
  graph: GraphBuilder,
  trace: LoweredTrace,
  context: GraphContext,
  shards: BatchShards = { batch: 0, count: 1 },
): Lowered {
  const { batch, count } = shards;
  const turns = turnsOf(graph, trace, context, shards);
  const inputs: TraceInputs = {
    value: (id) => externalValue(trace, id, context),
    constant: (id) => trace.constants.get(id),
  };
  const values = new ShardedValues(graph, shareBatch(batch, count), context.constant, inputs, turns);
  trace.parameters.forEach((id, index) => {
    values.setWhole(id, context.parameters[index]!);
  });
  // A variable is updated only after its old value has been read, if anything reads it.
  const reads = readVariables(trace);
  const afterRead = (id: number): NodeOutput[] => (reads.has(id) ? [after(values.whole(id))] : []);
  const updates: NodeOutput[] = [];
  // The updates of a variable, and the reads between them, run in order.
  const users = new Map<number, NodeOutput[]>();
  const addUser = (id: number, node: NodeOutput): void => {
    users.set(id, [...(users.get(id) ?? []), after(node)]);
  };
  for (const operation of trace.operations) {
    const { name, attributes, inputs, outputs, changes } = operation;
    if (name === LATEST_VALUE) {
      const [variable = -1] = inputs;
      const node = graph.node(name, [context.handle(variable), ...(users.get(variable) ?? [])], attributes);
      values.setWhole(outputs[0]!.id, node);
      addUser(variable, node);
      continue;
    }
    const sharded =
      count > 1 && changes === 0
        ? shardingOf(
            operation,
            batch,
            (input) => values.isInRows(inputs[input]!),
            (input) => trace.constants.get(inputs[input]!),
          )
        : undefined;
    const ids = outputs.map(({ id }) => id);
    if (sharded) {
      turns?.addSharded(inputs, ids);
      addSharded(graph, operation, sharded, values, count);
      continue;
    }
    turns?.addWhole(name, inputs, ids);
    const taken = inputs.map((id, index) => (index < changes ? context.handle(id) : values.whole(id)));
    const changed = inputs.slice(0, changes);
    const order = changed.flatMap((id) => [...afterRead(id), ...(users.get(id) ?? [])]);
    const node = graph.node(name, [...taken, ...order], attributes);
    outputs.forEach(({ id }, index) => {
      values.setWhole(id, outputOf(node, index));
    });
    if (changes > 0) updates.push(node);
    for (const id of changed) addUser(id, node);
  }
  const handles = new Map([...trace.variables].map(([id, variable]) => [variable, id]));
  for (const [variable, id] of trace.assigned) {
    const held = handles.get(variable)!;
    const taken = [context.handle(held), values.whole(id), ...afterRead(held)];
    updates.push(graph.node('AssignVariableOp', taken, [attribute.type('dtype', DataType.FLOAT)]));
  }
  const results = trace.results.map((id) => values.whole(id));
  turns?.finish();
  return { results, updates };
}

/** The order of the parts of a batch; undefined where it is computed at once. */
function turnsOf(
  graph: GraphBuilder,
  { parameters: [images = -1] }: LoweredTrace,
  { images: imagesFrom }: GraphContext,
  { batch, count, parts = 1 }: BatchShards,
): Turns | undefined {
  if (parts === 1) return undefined;
  if (!imagesFrom) throw new Error('only batches of images are computed in parts');
  const { starts, sizes } = shareBatch(batch, count);
  return new Turns(graph, {
    ...{ images, parts, shards: count },
    rows: (shard, order) => imagesFrom(starts[shard]!, sizes[shard]!, order),
  });
}

function addSharded(
  graph: GraphBuilder,
  { name, attributes, inputs, inputShapes, inputTypes, outputs }: RecordedOperation,
  { sharding, inputs: kinds }: ShardedOperation,
  values: ShardedValues,
  count: number,
): void {
  const taken = inputs.map((id, input) => {
    if (kinds[input] === 'shape') return values.shapeOfShard(id);
    return kinds[input] === 'rows' ? values.rows(id, inputShapes[input]!, inputTypes[input]!) : undefined;
  });
  const nodes = Array.from({ length: count }, (_, shard) =>
    graph.node(
      name,
      inputs.map((id, input) => taken[input]?.[shard] ?? values.whole(id)),
      attributes,
    ),
  );
  outputs.forEach(({ id, dtype }, index) => {
    const parts = nodes.map((node) => outputOf(node, index));
    values.setShards(id, { kind: sharding, parts, type: dtype });
  });
}

function externalValue(
  { variables, constants }: LoweredTrace,
  id: number,
  context: GraphContext,
): NodeOutput {
  if (variables.has(id)) return context.read(id);
  const constant = constants.get(id);
  if (!constant) throw new Error(`tensor ${id} is neither computed in the trace nor one of its inputs`);
  return context.constant(constant);
}

/** The ids of the variables whose values from before the step are read. */
function readVariables({ operations, variables, assigned, results }: LoweredTrace): Set<number> {
  const taken = operations.flatMap(({ name, inputs, changes }) =>
    name === LATEST_VALUE ? [] : inputs.slice(changes),
  );
  return new Set([...taken, ...assigned.values(), ...results].filter((id) => variables.has(id)));
}
