import type { Variable } from '@tensorflow/tfjs-core';

import { DataType } from '../../tensorflow/c-api/data-types.js';
import {
  after,
  attribute,
  EQUALLY_LONG,
  GraphBuilder,
  type NodeOutput,
} from '../../tensorflow/c-api/graph-builder.js';
import type { Session } from '../../tensorflow/c-api/session.js';
import { addLoop, type LoopScope, type TypedOutput } from '../../tensorflow/c-api/while-loop.js';
import type { DeviceImages } from '../running/device-images.js';
import { lower, type BatchShards } from './lower.js';
import { gatherRows, imageHandles, inputType, modelInputs } from './session-images.js';
import type { SessionVariables } from './session-variables.js';
import { unpack } from './unpack.js';
import { changedVariables, usedVariables, type Trace } from '../tracing/trace.js';

/** A training loop over batches of one size, in a session. */
export interface TrainingLoop {
  readonly nodes: TrainingNodes;
  /** The variables that it updates. */
  readonly changed: readonly Variable[];
}

/** The names of the loop's feeds, fetches and target. */
interface TrainingNodes {
  /** int32 [steps, batch size]: the indices of each step's images. */
  order: string;
  /** float32 [steps, coefficients]. */
  coefficients: string;
  /** float32 [steps]. */
  losses: string;
  /** int32 [steps]. */
  correct: string;
  /** The target that runs the updates, which losses and counts need not depend on. */
  updates: string;
}

/** Iterations in parallel: the next batch is gathered and scaled during the current step. */
const PARALLEL_STEPS = 2;

/**
 * Adds a training loop over batches of one size to a session that holds the data. Throws TENSORFLOW_FAILED.
 *
 * @param step a trace of the training step: (images, labels, …coefficients) to (loss, correct)
 * @param shards the batch size, and the number of shards that each batch is split into
 */
export function buildTrainingLoop(
  step: Trace,
  shards: BatchShards,
  data: DeviceImages,
  session: Session,
  variables: SessionVariables,
): TrainingLoop {
  const { batch: batchSize } = shards;
  const used = usedVariables(step);
  variables.declare(used.values());
  const name = `batch_${batchSize}`;
  const graph = new GraphBuilder(`${name}_`, EQUALLY_LONG);
  const coefficientCount = step.parameters.length - 2;
  const nodes: TrainingNodes = {
    order: `${name}_order`,
    coefficients: `${name}_coefficients`,
    losses: `${name}_losses`,
    correct: `${name}_correct`,
    updates: `${name}_updates`,
  };
  const order = typed(graph.placeholder(nodes.order, DataType.INT32, [-1, batchSize]), DataType.INT32);
  const coefficients = typed(
    graph.placeholder(nodes.coefficients, DataType.FLOAT, [-1, coefficientCount]),
    DataType.FLOAT,
  );
  const handles = imageHandles(graph, data.source);
  const stateHandles = new Map([...used].map(([id, variable]) => [id, variables.handle(graph, variable)]));
  const [turns, losses, correct] = addLoop(graph, `${name}_loop`, {
    times: firstDimension(graph, order.output),
    parallel: PARALLEL_STEPS,
    carried: [
      typed(graph.integer(0), DataType.INT32),
      typed(emptyList(graph, DataType.FLOAT), DataType.VARIANT),
      typed(emptyList(graph, DataType.INT32), DataType.VARIANT),
    ],
    body(inside, index, [turn, lossList, correctList]) {
      const captureHandle = (output: NodeOutput): NodeOutput =>
        inside.capture(typed(output, DataType.RESOURCE));
      const resources = new Map([...stateHandles].map(([id, handle]) => [id, captureHandle(handle)]));
      const indices = rowAt(graph, inside, order, index);
      const type = inputType(data.source.pixels);
      const pixels = captureHandle(handles.pixels);
      const constant: LoopScope['constant'] = (tensor) => inside.constant(tensor);
      const imagesAt = (which: NodeOutput, count: number): NodeOutput =>
        modelInputs(graph, gatherRows(graph, pixels, which, type), count, data, constant);
      const { results, updates } = lower(
        graph,
        step,
        {
          parameters: [
            imagesAt(indices, batchSize),
            gatherRows(graph, captureHandle(handles.labels), indices, DataType.INT32),
            ...unpack(graph, rowAt(graph, inside, coefficients, index), coefficientCount),
          ],
          handle: (id) => resources.get(id)!,
          // After the updates of the previous step.
          read: (id) =>
            graph.node(
              'ReadVariableOp',
              [resources.get(id)!, after(turn!)],
              [attribute.type('dtype', DataType.FLOAT)],
            ),
          constant,
          images: (start, count, order) =>
            imagesAt(partOf(graph, indices, [start, count], constant, order), count),
        },
        shards,
      );
      return [
        graph.node('Identity', [turn!, ...updates.map(after)], [attribute.type('T', DataType.INT32)]),
        push(graph, lossList!, results[0]!, DataType.FLOAT),
        push(graph, correctList!, results[1]!, DataType.INT32),
      ];
    },
  });
  stack(graph, losses!, DataType.FLOAT, nodes.losses);
  stack(graph, correct!, DataType.INT32, nodes.correct);
  graph.node('NoOp', [after(turns!)], [], nodes.updates);
  session.extend(graph.finish());
  return { nodes, changed: changedVariables(step) };
}

function typed(output: NodeOutput, type: number): TypedOutput {
  return { output, type };
}

function firstDimension(graph: GraphBuilder, matrix: NodeOutput): NodeOutput {
  const shape = graph.node(
    'Shape',
    [matrix],
    [attribute.type('T', DataType.INT32), attribute.type('out_type', DataType.INT32)],
  );
  return gather(graph, shape, DataType.INT32, graph.integer(0), graph.integer(0));
}

function rowAt(graph: GraphBuilder, inside: LoopScope, matrix: TypedOutput, index: NodeOutput): NodeOutput {
  const axis = inside.constant({ type: DataType.INT32, shape: [], values: Int32Array.of(0) });
  return gather(graph, inside.capture(matrix), matrix.type, index, axis);
}

function gather(
  graph: GraphBuilder,
  values: NodeOutput,
  type: number,
  index: NodeOutput,
  axis: NodeOutput,
): NodeOutput {
  return graph.node(
    'GatherV2',
    [values, index, axis],
    [
      attribute.type('Tparams', type),
      attribute.type('Tindices', DataType.INT32),
      attribute.type('Taxis', DataType.INT32),
      attribute.integer('batch_dims', 0),
    ],
  );
}

/** Some of the indices of a batch, once other nodes have run. */
function partOf(
  graph: GraphBuilder,
  indices: NodeOutput,
  range: readonly [start: number, count: number],
  constant: LoopScope['constant'],
  order: readonly NodeOutput[],
): NodeOutput {
  const [start, count] = range.map((value) =>
    constant({ type: DataType.INT32, shape: [1], values: Int32Array.of(value) }),
  );
  return graph.node(
    'Slice',
    [indices, start!, count!, ...order],
    [attribute.type('T', DataType.INT32), attribute.type('Index', DataType.INT32)],
  );
}

/** A list of scalars; its shape is int32, which the kernels of all devices support. */
function emptyList(graph: GraphBuilder, type: number): NodeOutput {
  const shape = graph.constant({ type: DataType.INT32, shape: [0], values: new Int32Array() });
  return graph.node(
    'EmptyTensorList',
    [shape, graph.integer(-1)],
    [attribute.type('element_dtype', type), attribute.type('shape_type', DataType.INT32)],
  );
}

function push(graph: GraphBuilder, list: NodeOutput, value: NodeOutput, type: number): NodeOutput {
  return graph.node('TensorListPushBack', [list, value], [attribute.type('element_dtype', type)]);
}

function stack(graph: GraphBuilder, list: NodeOutput, type: number, name: string): void {
  const shape = graph.constant({ type: DataType.INT32, shape: [0], values: new Int32Array() });
  graph.node(
    'TensorListStack',
    [list, shape],
    [attribute.type('element_dtype', type), attribute.integer('num_elements', -1)],
    name,
  );
}
