import type { CheckpointDescription } from '../../artifacts/checkpoint.js';
import { ToolkitError } from '../../core/errors.js';
import { version } from '../../core/version.js';
import { valuesIn, type Trace } from '../../engine/tracing/trace.js';
import { DataType } from '../../tensorflow/c-api/data-types.js';
import type { HostTensor } from '../../tensorflow/c-api/tensors.js';
import type { RecordedOperation } from '../../tensorflow/backend/recording-binding.js';
import { bytesOf, OnnxGraph, OnnxType } from './graph.js';
import { translations, type Translation } from './operations.js';
import { addWeights, type WeightStorage } from './weights.js';

/** How an ONNX model is to be. */
export interface OnnxOptions {
  /** What it takes: pixels from 0 to 255, as bytes or as floats. */
  input: 'uint8' | 'float32';
  weights: WeightStorage;
}

/** The names of the model's inputs and outputs. */
export const onnxNames = { input: 'images', logits: 'logits', probabilities: 'probabilities' } as const;

/**
 * A recorded forward pass as an ONNX model: scaling of the pixels before it, softmax after it. Throws EXPORT_UNSUPPORTED with the
 * operation that has no translation.
 */
export async function translateToOnnx(
  pass: Trace,
  description: CheckpointDescription,
  options: OnnxOptions,
): Promise<Uint8Array> {
  const { shape, classNames, preprocessing, run } = description;
  const { height, width, channels } = shape;
  const graph = new OnnxGraph(run);
  const type = options.input === 'uint8' ? OnnxType.UINT8 : OnnxType.FLOAT;
  const images = graph.input(onnxNames.input, type, ['batch', height, width, channels]);
  const pixels = options.input === 'uint8' ? graph.node('Cast', [images], { to: OnnxType.FLOAT }) : images;
  const scaled = graph.node('Mul', [pixels, graph.float(preprocessing.scale)]);
  const moved = graph.node('Add', [scaled, graph.float(preprocessing.offset)]);
  const logits = new Translator(graph, pass, await valuesIn(pass), options.weights).run(moved);
  graph.node('Identity', [logits], {}, onnxNames.logits);
  graph.node('Softmax', [onnxNames.logits], { axis: -1 }, onnxNames.probabilities);
  for (const name of [onnxNames.probabilities, onnxNames.logits]) {
    graph.output(name, OnnxType.FLOAT, ['batch', classNames.length]);
  }
  return graph.finish(version, {
    run,
    classNames: JSON.stringify(classNames),
    preprocessing: JSON.stringify(preprocessing),
  });
}

/** Goes through a recording, and keeps what its tensors are called in the graph. */
class Translator {
  readonly #graph: OnnxGraph;
  readonly #pass: Trace;
  readonly #values: ReadonlyMap<number, HostTensor>;
  readonly #storage: WeightStorage;
  readonly #names = new Map<number, string>();

  constructor(
    graph: OnnxGraph,
    pass: Trace,
    values: ReadonlyMap<number, HostTensor>,
    storage: WeightStorage,
  ) {
    this.#graph = graph;
    this.#pass = pass;
    this.#values = values;
    this.#storage = storage;
  }

  /** Adds the pass to the graph, and returns the name of its result. */
  run(images: string): string {
    this.#names.set(this.#pass.parameters[0]!, images);
    for (const operation of this.#pass.operations) {
      const translate = translations[operation.name];
      if (!translate) unsupported(operation, 'has no counterpart in the table of operations');
      const names = [translate(this.#translation(operation))].flat();
      operation.outputs.forEach(({ id }, index) => this.#names.set(id, names[index]!));
    }
    return this.#nameOf(this.#pass.results[0]!);
  }

  #translation(operation: RecordedOperation): Translation {
    const { inputs, outputs, attributes } = operation;
    return {
      graph: this.#graph,
      count: inputs.length,
      results: outputs.length,
      rank: outputs[0]!.shape.length,
      input: (index) => this.#nameOf(inputs[index]!),
      values: (index) => this.#values.get(inputs[index]!),
      weights: (tensor, axis) => addWeights(this.#graph, tensor, axis, this.#storage),
      attribute: (name) => attributes.find((attribute) => attribute.name === name)?.value,
      refuse: (reason) => unsupported(operation, reason),
    };
  }

  #nameOf(id: number): string {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const values = this.#values.get(id);
    if (!values) throw new Error(`the trace does not say where tensor ${id} comes from`);
    const type = values.type === DataType.INT32 ? OnnxType.INT32 : OnnxType.FLOAT;
    const name = this.#graph.constant({ type, shape: values.shape, bytes: bytesOf(values.values) });
    this.#names.set(id, name);
    return name;
  }
}

function unsupported({ name }: RecordedOperation, reason: string): never {
  throw new ToolkitError('EXPORT_UNSUPPORTED', { target: 'onnx', reason: `the operation ${name} ${reason}` });
}
