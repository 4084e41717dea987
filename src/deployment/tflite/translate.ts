import type { CheckpointDescription } from '../../artifacts/checkpoint.js';
import { ToolkitError } from '../../core/errors.js';
import { valuesIn, type Trace } from '../../engine/tracing/trace.js';
import type { RecordedOperation } from '../../tensorflow/backend/recording-binding.js';
import { DataType } from '../../tensorflow/c-api/data-types.js';
import type { HostTensor } from '../../tensorflow/c-api/tensors.js';
import { GraphWriter } from './builder.js';
import type { Uses } from './fuse.js';
import { findGelus, type Gelu } from './gelu.js';
import type { LiteGraph, LiteTensor } from './graph.js';
import { translations, type Translation } from './operations.js';

/** The names of a model's inputs and outputs. */
export const liteNames = { input: 'images', probabilities: 'probabilities', logits: 'logits' } as const;

/**
 * A recorded forward pass for one image as a TFLite graph of floats, from scaled pixels to probabilities and logits. Batch normalisation,
 * biases and activations become part of the operators before them. Throws EXPORT_UNSUPPORTED with the operation that TFLite does not have.
 *
 * @param pass recorded with a batch of one: TFLite's shapes are fixed
 */
export async function translateToLite(
  pass: Trace,
  { shape: { height, width, channels } }: CheckpointDescription,
): Promise<LiteGraph> {
  const input: LiteTensor = { name: 'scaled', type: 'float32', shape: [1, height, width, channels] };
  const writer = new GraphWriter();
  const logits = new LiteTranslator(writer, pass, await valuesIn(pass)).run(input);
  const probabilities = writer.add('SOFTMAX', [logits], logits.shape);
  logits.name = liteNames.logits;
  probabilities.name = liteNames.probabilities;
  return writer.finish([input], [probabilities, logits]);
}

/** Goes through a recording, and keeps which tensors of the graph stand for its own. */
class LiteTranslator {
  readonly #writer: GraphWriter;
  readonly #pass: Trace;
  readonly #values: ReadonlyMap<number, HostTensor>;
  readonly #tensors = new Map<number, LiteTensor>();
  readonly #derived = new Map<string, LiteTensor>();
  /** How often each tensor of the graph is taken by an operation that is not part of its own operator. */
  readonly #uses = new Map<LiteTensor, number>();
  readonly #counts = new Map<number, number>();

  constructor(writer: GraphWriter, pass: Trace, values: ReadonlyMap<number, HostTensor>) {
    this.#writer = writer;
    this.#pass = pass;
    this.#values = values;
    const taken = [...pass.operations.flatMap(({ inputs }) => inputs), ...pass.results];
    for (const id of taken) this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
  }

  /** Adds the pass to the graph, and returns its result. */
  run(input: LiteTensor): LiteTensor {
    this.#set(this.#pass.parameters[0]!, input);
    const gelus = findGelus(this.#pass, this.#values);
    for (const operation of this.#pass.operations) {
      const gelu = gelus.get(operation);
      if (gelu === 'inner') continue;
      this.#keep(operation, gelu ? [this.#addGelu(gelu)] : this.#translate(operation));
    }
    return this.#tensorOf(this.#pass.results[0]!);
  }

  #keep({ inputs, outputs }: RecordedOperation, results: readonly LiteTensor[]): void {
    // What became part of the operator before it, or does nothing, takes its input no longer.
    const merged = new Set(results);
    for (const id of inputs) {
      const tensor = this.#tensors.get(id);
      if (tensor && merged.has(tensor)) this.#uses.set(tensor, this.#uses.get(tensor)! - 1);
    }
    outputs.forEach(({ id }, index) => {
      const result = results[index];
      if (result) this.#set(id, result);
    });
  }

  #translate(operation: RecordedOperation): LiteTensor[] {
    const translate = translations[operation.name];
    if (!translate) unsupported(operation, 'has no counterpart in TFLite');
    return [translate(this.#translation(operation))].flat();
  }

  #addGelu({ input }: Gelu): LiteTensor {
    const tensor = this.#tensorOf(input);
    return this.#writer.add('GELU', [tensor], tensor.shape);
  }

  #set(id: number, tensor: LiteTensor): void {
    this.#tensors.set(id, tensor);
    this.#uses.set(tensor, (this.#uses.get(tensor) ?? 0) + (this.#counts.get(id) ?? 0));
  }

  #translation(operation: RecordedOperation): Translation {
    const { inputs, outputs, attributes } = operation;
    const uses: Uses = { isOnlyUse: (tensor) => this.#uses.get(tensor) === 1 };
    return {
      writer: this.#writer,
      uses,
      inputs: inputs.length,
      shapes: outputs.map(({ shape }) => shape),
      input: (index) => this.#tensorOf(inputs[index]!),
      values: (index) => this.#values.get(inputs[index]!),
      derived: (index, how, make) => this.#derive(`${inputs[index]!} ${how}`, make),
      attribute: (name) => attributes.find((attribute) => attribute.name === name)?.value,
      refuse: (reason) => unsupported(operation, reason),
    };
  }

  /** Weights that several operations take in the same form are stored once. */
  #derive(key: string, make: () => LiteTensor): LiteTensor {
    const known = this.#derived.get(key) ?? make();
    this.#derived.set(key, known);
    return known;
  }

  #tensorOf(id: number): LiteTensor {
    const known = this.#tensors.get(id);
    if (known) return known;
    const held = this.#values.get(id);
    if (!held) throw new Error(`the trace does not say where tensor ${id} comes from`);
    const type = held.type === DataType.INT32 ? 'int32' : 'float32';
    const values =
      type === 'int32' ? Int32Array.from(held.values as Int32Array) : (held.values as Float32Array);
    const tensor = this.#writer.constant(values, held.shape, type);
    this.#tensors.set(id, tensor);
    return tensor;
  }
}

function unsupported({ name }: RecordedOperation, reason: string): never {
  throw new ToolkitError('EXPORT_UNSUPPORTED', {
    target: 'tflite',
    reason: `the operation ${name} ${reason}`,
  });
}
