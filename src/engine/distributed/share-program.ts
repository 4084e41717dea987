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
import { gatherRows, imageHandles, inputType, modelInputs } from '../compiling/session-images.js';
import type { SessionVariables } from '../compiling/session-variables.js';
import { unpack } from '../compiling/unpack.js';
import type { DeviceImages } from '../running/device-images.js';
import { changedVariables, usedVariables, type Trace } from '../tracing/trace.js';
import { ANYTIME, type Located, type ShareContext } from './located.js';
import { lowerShare } from './lower-share.js';
import type { Phase } from './phases.js';
import type { Shares } from '../sharding/shares.js';

/** A step of one batch size as this worker runs it, in a session. */
export interface ShareProgram {
  readonly shares: Shares;
  /** Which of the shares is this worker's. */
  readonly place: number;
  readonly phases: readonly Phase[];
  /** The names of what every phase is fed: the batch's indices, this worker's, and the coefficients. */
  readonly feeds: { readonly order: string; readonly own: string; readonly coefficients: string };
  readonly coefficientCount: number;
  /** Of the last phase: the loss, the number of right answers, and the target that runs the updates. */
  readonly results: readonly NodeOutput[];
  readonly updates: string;
  readonly changed: readonly Variable[];
}

/**
 * Adds a worker's part of a step to a session that holds the data. Throws TENSORFLOW_FAILED.
 *
 * @param step a trace of the step on the whole batch: (images, labels, …coefficients) to (loss, correct)
 * @param place which of the shares is this worker's
 */
export function buildShareProgram(
  step: Trace,
  shares: Shares,
  place: number,
  data: DeviceImages,
  session: Session,
  variables: SessionVariables,
): ShareProgram {
  const used = usedVariables(step);
  variables.declare(used.values());
  const name = `share_${shares.batch}`;
  const graph = new GraphBuilder(`${name}_`, EQUALLY_LONG);
  const coefficientCount = step.parameters.length - 2;
  const own = shares.sizes[place]!;
  const feeds = { order: `${name}_order`, own: `${name}_own`, coefficients: `${name}_coefficients` };
  const order = graph.placeholder(feeds.order, DataType.INT32, [shares.batch]);
  const ownOrder = graph.placeholder(feeds.own, DataType.INT32, [own]);
  const coefficients = graph.placeholder(feeds.coefficients, DataType.FLOAT, [coefficientCount]);
  const handles = imageHandles(graph, data.source);
  const variableHandles = new Map([...used].map(([id, each]) => [id, variables.handle(graph, each)]));
  const constant: ShareContext['constant'] = (tensor) => graph.constant(tensor);
  const images = (indices: NodeOutput, count: number): Located => {
    const rows = gatherRows(graph, handles.pixels, indices, inputType(data.source.pixels));
    const node = modelInputs(graph, rows, count, data, constant);
    return { phase: 0, node: () => node };
  };
  const labels = (indices: NodeOutput): Located => {
    const node = gatherRows(graph, handles.labels, indices, DataType.INT32);
    return { phase: ANYTIME, node: () => node };
  };
  const scalars = unpack(graph, coefficients, coefficientCount);
  const lowered = lowerShare(
    graph,
    step,
    {
      parameters: [
        { whole: images(order, shares.batch), own: images(ownOrder, own) },
        { whole: labels(order), own: labels(ownOrder) },
        ...scalars.map((node) => ({ whole: { phase: ANYTIME, node: () => node } })),
      ],
      handle: (id) => variableHandles.get(id)!,
      read: (id) =>
        graph.node('ReadVariableOp', [variableHandles.get(id)!], [attribute.type('dtype', DataType.FLOAT)]),
      constant,
    },
    shares,
    place,
  );
  const updates = `${name}_updates`;
  graph.node('NoOp', lowered.updates.map(after), [], updates);
  session.extend(graph.finish());
  const { phases, results } = lowered;
  const changed = changedVariables(step);
  return { shares, place, phases, feeds, coefficientCount, results, updates, changed };
}
