import { DataType } from '../../tensorflow/c-api/data-types.js';
import { attribute, GraphBuilder, type NodeOutput } from '../../tensorflow/c-api/graph-builder.js';
import type { HostTensor } from '../../tensorflow/c-api/tensors.js';
import type { Session } from '../../tensorflow/c-api/session.js';
import {
  pixelsPerImage,
  type ImageShape,
  type LabelledImages,
  type PixelScaling,
} from '../../core/images.js';
import { addHandle } from './session-variables.js';

const PIXELS = 'pixels';
const LABELS = 'labels';

/** Uploads a data set into resources of a session, one byte per pixel. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY. */
export async function uploadImages(session: Session, data: LabelledImages): Promise<void> {
  const graph = new GraphBuilder();
  for (const [name, { type, shape }] of Object.entries(tensorsOf(data))) {
    const value = graph.placeholder(`${name}_new`, type, shape);
    const handle = addHandle(graph, name, shape, name, type);
    graph.node('AssignVariableOp', [handle, value], [attribute.type('dtype', type)], `${name}_assign`);
  }
  session.extend(graph.finish());
  await replaceImages(session, data);
}

/** Replaces the uploaded data set by another of the same size. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY. */
export async function replaceImages(session: Session, data: LabelledImages): Promise<void> {
  const { [PIXELS]: pixels, [LABELS]: labels } = tensorsOf(data);
  await session.run({
    feeds: { [`${PIXELS}_new`]: pixels, [`${LABELS}_new`]: labels },
    targets: [`${PIXELS}_assign`, `${LABELS}_assign`],
  });
}

function tensorsOf({
  count,
  shape,
  pixels,
  labels,
}: LabelledImages): Record<typeof PIXELS | typeof LABELS, HostTensor> {
  return {
    [PIXELS]: { type: DataType.UINT8, shape: [count, pixelsPerImage(shape)], values: pixels },
    [LABELS]: { type: DataType.INT32, shape: [count], values: Int32Array.from(labels) },
  };
}

/** Adds the handles of the uploaded data set to another graph of the session: uint8 [n, pixels] and int32 [n]. */
export function imageHandles(
  graph: GraphBuilder,
  { count, shape }: LabelledImages,
): { pixels: NodeOutput; labels: NodeOutput } {
  return {
    pixels: addHandle(graph, PIXELS, [count, pixelsPerImage(shape)], undefined, DataType.UINT8),
    labels: addHandle(graph, LABELS, [count], undefined, DataType.INT32),
  };
}

/** Gathers the rows of a resource at some indices (int32 [k]). */
export function gatherRows(
  graph: GraphBuilder,
  handle: NodeOutput,
  indices: NodeOutput,
  type: number,
): NodeOutput {
  return graph.node(
    'ResourceGather',
    [handle, indices],
    [
      attribute.type('dtype', type),
      attribute.type('Tindices', DataType.INT32),
      attribute.boolean('validate_indices', true),
      attribute.integer('batch_dims', 0),
    ],
  );
}

/** Converts bytes [n, pixels per image] to a model's input: scaled, float32 [n, height, width, channels]. */
export function scaleImages(
  graph: GraphBuilder,
  bytes: NodeOutput,
  count: number,
  { height, width, channels }: ImageShape,
  { scale, offset }: PixelScaling,
  constant: (tensor: HostTensor) => NodeOutput,
): NodeOutput {
  const float = [attribute.type('T', DataType.FLOAT)];
  const number = (value: number): NodeOutput =>
    constant({ type: DataType.FLOAT, shape: [], values: Float32Array.of(value) });
  const pixels = graph.node(
    'Cast',
    [bytes],
    [
      attribute.type('SrcT', DataType.UINT8),
      attribute.type('DstT', DataType.FLOAT),
      attribute.boolean('Truncate', false),
    ],
  );
  const scaled = graph.node(
    'AddV2',
    [graph.node('Mul', [pixels, number(scale)], float), number(offset)],
    float,
  );
  const shape = Int32Array.of(count, height, width, channels);
  return graph.node(
    'Reshape',
    [scaled, constant({ type: DataType.INT32, shape: [4], values: shape })],
    [attribute.type('T', DataType.FLOAT), attribute.type('Tshape', DataType.INT32)],
  );
}
