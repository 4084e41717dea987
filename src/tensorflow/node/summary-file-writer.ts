import type { NodeJSKernelBackend } from '#tensorflow-kernels';
import { keep, Tensor, type KernelBackend, type Scalar } from '@tensorflow/tfjs-core';

import { ToolkitError } from '../../core/errors.js';
import { MessageWriter } from '../../core/formats/protobuf.js';
import { DataType } from '../c-api/data-types.js';
import { attribute } from '../c-api/graph-builder.js';
import { bucketsOf } from './histogram-buckets.js';
import { nodeBackend, withTensors, type Ownership } from './node-backend.js';

/** The default of TensorBoard's Python functions. */
const BUCKETS = 30;

/** Writes an event file for TensorBoard; `summaryFileWriter` creates it. */
export class SummaryFileWriter {
  readonly #backend: NodeJSKernelBackend;
  readonly #writer: Tensor;

  constructor(writer: Tensor) {
    this.#backend = nodeBackend();
    this.#writer = writer;
  }

  /** The TensorFlow backend. */
  get backend(): KernelBackend {
    return this.#backend;
  }

  /**
   * Writes a number. Throws USAGE if the step is not an integer or the tensor not a scalar.
   *
   * @param name the tag in TensorBoard
   * @param step the training step: an increasing integer
   * @param description not supported: throws USAGE, as in tfjs-node
   */
  scalar(name: string, value: Scalar | number, step: number, description?: string): void {
    if (description !== undefined) throw usage('scalar() does not support description yet');
    requireInteger(step);
    if (value instanceof Tensor && value.rank !== 0) {
      throw usage(`A non-scalar tensor (rank ${value.rank}) is passed to writeScalarSummary()`);
    }
    this.#write('WriteScalarSummary', step, (own, text) => {
      if (value instanceof Tensor) return [text(name), ...this.#backend.getInputTensorIds([value])];
      return [
        text(name),
        own(this.#backend.binding.createTensor([], DataType.FLOAT, Float32Array.of(value))),
      ];
    });
  }

  /**
   * Writes a histogram of a tensor's values. Throws USAGE if the step or the number of buckets is not an integer.
   *
   * @param name the tag in TensorBoard
   * @param step the training step: an increasing integer
   * @param buckets the number of buckets
   * @param description Markdown text for TensorBoard
   */
  histogram(name: string, data: Tensor, step: number, buckets = BUCKETS, description = ''): void {
    requireInteger(step);
    const { values, count } = bucketsOf(data.dataSync(), buckets);
    this.#write('WriteSummary', step, (own, text) => [
      own(this.#backend.binding.createTensor([count, 3], DataType.FLOAT, values)),
      text(name),
      text(histogramMetadata(description)),
    ]);
  }

  /** Writes buffered events to the file. */
  flush(): void {
    this.#backend.binding.executeOp(
      'FlushSummaryWriter',
      [],
      this.#backend.getInputTensorIds([this.#writer]),
      0,
    );
  }

  #write(
    operation: string,
    step: number,
    rest: (own: Ownership['own'], text: (value: string | Uint8Array) => number) => number[],
  ): void {
    const { binding } = this.#backend;
    withTensors(binding, ({ own }) => {
      const text = (value: string | Uint8Array): number => own(textTensor(binding, value));
      const ids = this.#backend.getInputTensorIds([this.#writer]);
      ids.push(
        own(binding.createTensor([], DataType.INT64, new Int32Array(BigInt64Array.of(BigInt(step)).buffer))),
      );
      binding.executeOp(operation, [], [...ids, ...rest(own, text)], 0);
    });
  }
}

const writers = new Map<string, SummaryFileWriter>();

/**
 * The writer of TensorBoard's event files in a folder; one per folder. Creates the folder. Throws USAGE for an empty name, and
 * TENSORFLOW_FAILED if the folder is not writable.
 *
 * @param logdir the folder
 * @param maxQueue the number of events to buffer
 * @param flushMillis the time in milliseconds after which buffered events are written
 * @param filenameSuffix the suffix of the file names
 */
export function summaryFileWriter(
  logdir: string,
  maxQueue = 10,
  flushMillis = 120_000,
  filenameSuffix = '.v2',
): SummaryFileWriter {
  if (typeof (logdir as unknown) !== 'string' || logdir === '') {
    throw usage(`Invalid logdir: ${logdir}. Expected a non-empty string for logdir.`);
  }
  const backend = nodeBackend();
  const known = writers.get(logdir);
  if (known) return known;
  const { binding } = backend;
  const resource = withTensors(binding, ({ own, disown }) => {
    const shared = [attribute.text('shared_name', `logdir:${logdir}`), attribute.text('container', '')];
    const [created] = binding.executeOp('SummaryWriter', shared, [], 1);
    own(created!.id);
    const integer = (value: number): number =>
      own(binding.createTensor([], DataType.INT32, Int32Array.of(value)));
    const text = (value: string): number => own(textTensor(binding, value));
    const inputs = [created!.id, text(logdir), integer(maxQueue), integer(flushMillis), text(filenameSuffix)];
    binding.executeOp('CreateSummaryFileWriter', [], inputs, 0);
    disown(created!.id);
    return created!;
  });
  // A `tidy` around this call must not free it.
  const writer = new SummaryFileWriter(keep(backend.createOutputTensor(resource)));
  writers.set(logdir, writer);
  return writer;
}

function textTensor(binding: NodeJSKernelBackend['binding'], value: string | Uint8Array): number {
  return binding.createTensor([], DataType.STRING, [
    typeof value === 'string' ? new TextEncoder().encode(value) : value,
  ]);
}

/** `SummaryMetadata` of tensorflow/core/framework/summary.proto: TensorBoard's plugin and the description. */
function histogramMetadata(description: string): Uint8Array {
  return new MessageWriter()
    .message(1, new MessageWriter().text(1, 'histograms'))
    .text(3, description)
    .finish();
}

function requireInteger(step: number): void {
  if (!Number.isSafeInteger(step)) throw usage(`step is expected to be an integer, but is instead ${step}`);
}

function usage(message: string): ToolkitError {
  return new ToolkitError('USAGE', { message, hint: 'see docs/tfjs-node.md' });
}
