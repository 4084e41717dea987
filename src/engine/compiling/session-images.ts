import { DataType } from '../../tensorflow/c-api/data-types.js';
import { attribute, GraphBuilder, type NodeOutput } from '../../tensorflow/c-api/graph-builder.js';
import type { HostTensor } from '../../tensorflow/c-api/tensors.js';
import type { Session } from '../../tensorflow/c-api/session.js';
import { pixelsPerImage, type Examples, type ImageShape, type PixelScaling } from '../../core/images.js';
import { addHandle } from './session-variables.js';

const PIXELS = 'pixels';
const LABELS = 'labels';

/** Uploads a data set into resources of a session, one byte per pixel or four per feature. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY. */
export async function uploadImages(session: Session, data: Examples): Promise<void> {
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
export async function replaceImages(session: Session, data: Examples): Promise<void> {
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
}: Examples): Record<typeof PIXELS | typeof LABELS, HostTensor> {
  return {
    [PIXELS]: { type: inputType(pixels), shape: [count, pixelsPerImage(shape)], values: pixels },
    [LABELS]: { type: DataType.INT32, shape: [count], values: Int32Array.from(labels) },
  };
}

/** The type of what a data set is made of: bytes, or features. */
export function inputType(pixels: Examples['pixels']): number {
  return pixels instanceof Float32Array ? DataType.FLOAT : DataType.UINT8;
}

/** Adds the handles of the uploaded data set to another graph of the session: uint8 or float32 [n, pixels] and int32 [n]. */
export function imageHandles(
  graph: GraphBuilder,
  { count, shape, pixels }: Examples,
): { pixels: NodeOutput; labels: NodeOutput } {
  return {
    pixels: addHandle(graph, PIXELS, [count, pixelsPerImage(shape)], undefined, inputType(pixels)),
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

/** Converts rows [n, pixels per image] of a data set to a model's input, float32 [n, height, width, channels]: bytes are scaled. */
export function modelInputs(
  graph: GraphBuilder,
  rows: NodeOutput,
  count: number,
  { source, scaling }: { source: Examples; scaling: PixelScaling },
  constant: (tensor: HostTensor) => NodeOutput,
): NodeOutput {
  const isScaled = inputType(source.pixels) === DataType.FLOAT;
  const inputs = isScaled ? rows : scaleBytes(graph, rows, scaling, constant);
  const { height, width, channels }: ImageShape = source.shape;
  const shape = Int32Array.of(count, height, width, channels);
  return graph.node(
    'Reshape',
    [inputs, constant({ type: DataType.INT32, shape: [4], values: shape })],
    [attribute.type('T', DataType.FLOAT), attribute.type('Tshape', DataType.INT32)],
  );
}

function scaleBytes(
  graph: GraphBuilder,
  bytes: NodeOutput,
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
  return graph.node('AddV2', [graph.node('Mul', [pixels, number(scale)], float), number(offset)], float);
}
