import type { CheckpointDescription } from '../artifacts/checkpoint.js';
import { lower } from '../engine/compiling/lower.js';
import { valuesIn, type Trace } from '../engine/tracing/trace.js';
import { DataType } from '../tensorflow/c-api/data-types.js';
import { attribute, GraphBuilder, type NodeOutput } from '../tensorflow/c-api/graph-builder.js';
import { MessageWriter } from '../core/formats/protobuf.js';

/** Nodes of the graph, and names in its signature. */
export const savedModelNames = { input: 'images', logits: 'logits', probabilities: 'probabilities' } as const;

const ANY = -1;
const FLOAT = [attribute.type('T', DataType.FLOAT)];

/**
 * A recorded forward pass as a `tensorflow.SavedModel` (tensorflow/core/protobuf/saved_model.proto) for serving: frozen, so that
 * it needs no files of variables, with scaling of the pixels before it and softmax after it.
 */
export async function encodeSavedModel(pass: Trace, description: CheckpointDescription): Promise<Uint8Array> {
  const { height, width, channels } = description.shape;
  const imageShape = [ANY, height, width, channels];
  const metaGraph = new MessageWriter()
    .message(1, new MessageWriter().text(4, 'serve').text(5, '2.21.0'))
    .bytes(2, await frozenGraph(pass, description, imageShape))
    .message(5, signature(imageShape, description.classNames.length));
  return new MessageWriter().integer(1, 1).message(2, metaGraph).finish();
}

async function frozenGraph(
  pass: Trace,
  { preprocessing }: CheckpointDescription,
  imageShape: readonly number[],
): Promise<Uint8Array> {
  const graph = new GraphBuilder();
  const images = graph.placeholder(savedModelNames.input, DataType.UINT8, imageShape);
  const types = [attribute.type('SrcT', DataType.UINT8), attribute.type('DstT', DataType.FLOAT)];
  const pixels = graph.node('Cast', [images], [...types, attribute.boolean('Truncate', false)]);
  const number = (value: number): NodeOutput =>
    graph.constant({ type: DataType.FLOAT, shape: [], values: Float32Array.of(value) });
  const scaled = graph.node('Mul', [pixels, number(preprocessing.scale)], FLOAT);
  const moved = graph.node('AddV2', [scaled, number(preprocessing.offset)], FLOAT);
  const values = await valuesIn(pass);
  const { results } = lower(graph, pass, {
    parameters: [moved],
    read: (id) => graph.constant(values.get(id)!),
    handle: () => {
      throw new Error('a forward pass changes no variables');
    },
    constant: (tensor) => graph.constant(tensor),
  });
  const logits = graph.node('Identity', results, FLOAT, savedModelNames.logits);
  graph.node('Softmax', [logits], FLOAT, savedModelNames.probabilities);
  return graph.finish();
}

/** `serving_default`: the signature that TensorFlow Serving and Python use by default. */
function signature(imageShape: readonly number[], classes: number): MessageWriter {
  const { input, logits, probabilities } = savedModelNames;
  const definition = new MessageWriter()
    .message(1, tensorInfo(input, DataType.UINT8, imageShape))
    .message(2, tensorInfo(probabilities, DataType.FLOAT, [ANY, classes]))
    .message(2, tensorInfo(logits, DataType.FLOAT, [ANY, classes]))
    .text(3, 'tensorflow/serving/predict');
  return new MessageWriter().text(1, 'serving_default').message(2, definition);
}

/** An entry of a map from a name to a `TensorInfo`. */
function tensorInfo(name: string, type: number, sizes: readonly number[]): MessageWriter {
  const shape = new MessageWriter();
  for (const size of sizes) shape.message(2, new MessageWriter().integer(1, size));
  const info = new MessageWriter().text(1, `${name}:0`).integer(2, type).message(3, shape);
  return new MessageWriter().text(1, name).message(2, info);
}
