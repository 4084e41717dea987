import { lower, type BatchShards } from '../compiling/lower.js';
import { planCores } from '../sharding/work.js';
import { attribute, GraphBuilder, type NodeOutput } from '../../tensorflow/c-api/graph-builder.js';
import { DataType } from '../../tensorflow/c-api/data-types.js';
import { rewrite } from '../rewriting/rewrite.js';
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
  /** The number of parts that a batch is computed in at once; 1: as a whole. */
  readonly shards: number;
}

/**
 * Builds the graph of a trace. Throws STEP_NOT_TRACEABLE for operations that a function of tensors cannot have.
 *
 * @param cores those that the step may use: each computes a part of its batch, where that is worth it
 */
export function stepGraph(recorded: StepTrace, cores: number): StepGraph {
  const { parameters, variables, results, assigned } = recorded;
  const ends = [...results, ...assigned.values()];
  const trace = { ...recorded, operations: rewrite(recorded.operations, ends) };
  const { operations } = trace;
  const inPlace = operations.find(({ changes }) => changes > 0);
  if (inPlace) refuse(inPlace.name, 'changes variables in place');
  const graph = new GraphBuilder();
  const outside = takenFromOutside(trace);
  const read = [...outside].filter((id) => variables.has(id));
  const captured = [...outside].filter((id) => !variables.has(id));
  const typeOf = typesOf(trace);
  const taken = [...parameters, ...captured, ...read];
  const inputs = taken.map((id, index) => {
    const { type, shape } = typeOf(id);
    return graph.placeholder(`input_${index}`, type, shape);
  });
  const nodeOf = new Map(taken.map((id, index) => [id, inputs[index]!]));
  const shards = shardsOf(trace, typeOf, cores);
  const { results: computed } = lower(
    graph,
    { ...trace, parameters: taken, results: ends, assigned: new Map() },
    {
      parameters: inputs,
      read: (id) => nodeOf.get(id)!,
      handle: notInPlace,
      constant: (tensor) => graph.constant(tensor),
    },
    shards,
  );
  // A value of its own each, as an input may be handed on, and a result be returned twice.
  const outputs = computed.map((node, index) =>
    graph.node('Identity', [node], [attribute.type('T', typeOf(ends[index]!).type)]),
  );
  return { definition: graph.finish(), inputs, outputs, captured, read, shards: shards.count };
}

function notInPlace(): never {
  throw new Error('a function of tensors has no resources');
}

/** The batch is what all arguments have as many rows of; without one, the step stays whole. */
function shardsOf(
  { parameters, operations }: StepTrace,
  typeOf: (id: number) => TypeAndShape,
  cores: number,
): BatchShards {
  const sizes = new Set(parameters.map((id) => typeOf(id).shape[0]));
  const [size] = sizes;
  if (sizes.size !== 1 || size === undefined || size < 2) return { batch: 0, count: 1 };
  return { batch: size, count: planCores(operations, { size, fullSize: size }, cores).shards };
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
