import {
  after,
  attribute,
  type GraphBuilder,
  type NodeOutput,
  outputOf,
} from '../../tensorflow/c-api/graph-builder.js';
import { DataType } from '../../tensorflow/c-api/data-types.js';
import { LATEST_VALUE, type RecordedOperation } from '../../tensorflow/backend/recording-binding.js';
import { shardingOf } from '../sharding/sharding.js';
import type { ShardedOperation } from '../sharding/sharded-operation.js';
import type { Trace } from '../tracing/trace.js';
import { ANYTIME, type Located, type ShareContext } from './located.js';
import { ShareValues } from './share-values.js';
import type { Phase } from './phases.js';
import type { Shares } from '../sharding/shares.js';

/** A step as one worker runs it: phases, between which the workers exchange values. */
export interface LoweredShare {
  phases: readonly Phase[];
  /** The nodes of the step's results, in the last phase. */
  results: readonly NodeOutput[];
  /** The nodes that update variables, in the last phase. */
  updates: readonly NodeOutput[];
}

/** Those of a step's results: the loss, and how many images were right. */
const RESULT_TYPES = [DataType.FLOAT, DataType.INT32];

/**
 * Lowers a trace of a step on the whole batch to what one worker computes: of the operations that run on shards (`shardingOf`), its rows
 * alone; of all others, everything. Where those need what others have computed, a phase ends, and the workers exchange rows or sum their
 * terms, as the shards of one process are joined. Variables are updated in the last phase, by every worker alike.
 */
export function lowerShare(
  graph: GraphBuilder,
  trace: Trace,
  context: ShareContext,
  shares: Shares,
  rank: number,
): LoweredShare {
  const values = new ShareValues(graph, trace, context, shares, rank);
  const late = new LateOperations();
  for (const operation of trace.operations) {
    if (late.takes(operation)) {
      late.add(operation);
      for (const id of late.earlyInputs(operation)) values.whole(id);
      continue;
    }
    const sharded = shardingOf(
      operation,
      shares.batch,
      (input) => values.isInRows(operation.inputs[input]!),
      (input) => trace.constants.get(operation.inputs[input]!),
    );
    if (sharded && shares.sizes.length > 1) addShare(graph, operation, sharded, values);
    else addWhole(graph, operation, values);
  }
  const ends = [...trace.assigned.values(), ...trace.results].filter((id) => !late.computes(id));
  for (const id of ends) values.whole(id);
  const last = values.lastPhase();
  const updates = addUpdates(graph, trace, context, values, late, last);
  // What is carried over is fed, and cannot be fetched.
  const results = trace.results.map((id, index) =>
    graph.node(
      'Identity',
      [values.at(id, values.whole(id), last)],
      [attribute.type('T', RESULT_TYPES[index] ?? DataType.FLOAT)],
    ),
  );
  return { phases: values.finish(last), results, updates };
}

/** The operations that update variables, and what depends on them: they run in the last phase. */
class LateOperations {
  readonly operations: RecordedOperation[] = [];
  readonly #outputs = new Set<number>();

  takes({ name, changes, inputs }: RecordedOperation): boolean {
    return changes > 0 || name === LATEST_VALUE || inputs.some((id) => this.#outputs.has(id));
  }

  add(operation: RecordedOperation): void {
    this.operations.push(operation);
    for (const { id } of operation.outputs) this.#outputs.add(id);
  }

  computes(id: number): boolean {
    return this.#outputs.has(id);
  }

  /** The values that an operation takes from earlier ones, other than the variables that it updates. */
  earlyInputs({ name, inputs, changes }: RecordedOperation): number[] {
    if (name === LATEST_VALUE) return [];
    return inputs.slice(changes).filter((id) => !this.#outputs.has(id));
  }
}

function addWhole(
  graph: GraphBuilder,
  { name, attributes, inputs, outputs }: RecordedOperation,
  values: ShareValues,
): void {
  const located = inputs.map((id) => values.whole(id));
  const phase = phaseOf(located);
  const taken = inputs.map((id, index) => values.at(id, located[index]!, phase));
  const node = graph.node(name, taken, attributes);
  outputs.forEach(({ id }, index) => {
    values.setWhole(id, { phase, node: () => outputOf(node, index) });
  });
}

function addShare(
  graph: GraphBuilder,
  { name, attributes, inputs, outputs }: RecordedOperation,
  { sharding, inputs: kinds }: ShardedOperation,
  values: ShareValues,
): void {
  const located = inputs.map((id, input) => {
    if (kinds[input] === 'shape') return { phase: ANYTIME, node: () => values.shapeOfShare(id) };
    return kinds[input] === 'rows' ? values.own(id) : values.whole(id);
  });
  const phase = phaseOf(located);
  const taken = inputs.map((id, input) =>
    values.at(id, located[input]!, phase, kinds[input] === 'rows' ? 'own' : 'whole'),
  );
  const node = graph.node(name, taken, attributes);
  outputs.forEach(({ id }, index) => {
    values.setOwn(id, sharding, { phase, node: () => outputOf(node, index) });
  });
}

function phaseOf(located: readonly Located[]): number {
  return Math.max(0, ...located.map(({ phase }) => phase));
}

/** As `lower` does: a variable is updated only after its old value was read, and its updates and the reads between them run in order. */
function addUpdates(
  graph: GraphBuilder,
  { assigned, variables }: Trace,
  context: ShareContext,
  values: ShareValues,
  late: LateOperations,
  last: number,
): NodeOutput[] {
  const reads = new Set([...late.operations.flatMap((each) => late.earlyInputs(each)), ...assigned.values()]);
  const valueOf = (id: number): NodeOutput => values.at(id, values.whole(id), last);
  const afterRead = (id: number): NodeOutput[] => (reads.has(id) ? [after(valueOf(id))] : []);
  const users = new Map<number, NodeOutput[]>();
  const addUser = (id: number, node: NodeOutput): void => {
    users.set(id, [...(users.get(id) ?? []), after(node)]);
  };
  const updates: NodeOutput[] = [];
  for (const { name, attributes, inputs, outputs, changes } of late.operations) {
    if (name === LATEST_VALUE) {
      const [variable = -1] = inputs;
      const node = graph.node(name, [context.handle(variable), ...(users.get(variable) ?? [])], attributes);
      values.setWhole(outputs[0]!.id, { phase: last, node: () => node });
      addUser(variable, node);
      continue;
    }
    const taken = inputs.map((id, index) => (index < changes ? context.handle(id) : valueOf(id)));
    const changed = inputs.slice(0, changes);
    const order = changed.flatMap((id) => [...afterRead(id), ...(users.get(id) ?? [])]);
    const node = graph.node(name, [...taken, ...order], attributes);
    outputs.forEach(({ id }, index) => {
      values.setWhole(id, { phase: last, node: () => outputOf(node, index) });
    });
    if (changes > 0) updates.push(node);
    for (const id of changed) addUser(id, node);
  }
  const handles = new Map([...variables].map(([id, variable]) => [variable, id]));
  for (const [variable, id] of assigned) {
    const held = handles.get(variable)!;
    // A copy: the value may be memory of the exchange, which the next step overwrites.
    const value = graph.node('DeepCopy', [valueOf(id)], [attribute.type('T', DataType.FLOAT)]);
    updates.push(
      graph.node(
        'AssignVariableOp',
        [context.handle(held), value, ...afterRead(held)],
        [attribute.type('dtype', DataType.FLOAT)],
      ),
    );
  }
  return updates;
}
