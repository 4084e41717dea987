import type { NodeJSKernelBackend } from '#tensorflow-kernels';
import { keep, Tensor, type Scalar } from '@tensorflow/tfjs-core';

import { ToolkitError } from '../../core/errors.js';
import { MessageWriter } from '../../core/formats/protobuf.js';
import { AttributeType, DataType } from '../c-api/data-types.js';
import { attributes } from './attributes.js';
import { bucketsOf } from './histogram-buckets.js';
import { nodeBackend, withTensors } from './node-backend.js';

/** As many buckets as TensorBoard's own Python functions make. */
const BUCKETS = 30;

/** Writes what TensorBoard shows to an event file; `summaryFileWriter` makes it. */
export class SummaryFileWriter {
  readonly backend: NodeJSKernelBackend;
  readonly #writer: Tensor;

  constructor(writer: Tensor) {
    this.backend = nodeBackend();
    this.#writer = writer;
  }

  /**
   * Writes a number. Throws USAGE for a step that is no integer, or a tensor that is no scalar.
   *
   * @param name the tag in TensorBoard
   * @param step when it was measured: an integer that grows
   * @param description cannot be written; USAGE is thrown where there is one
   */
  scalar(name: string, value: Scalar | number, step: number, description?: string): void {
    if (description !== undefined) throw usage('scalar() does not support description yet');
    requireInteger(step);
    if (value instanceof Tensor && value.rank !== 0) {
      throw usage(`A non-scalar tensor (rank ${value.rank}) is passed to writeScalarSummary()`);
    }
    this.#write('WriteScalarSummary', step, (own, text) => {
      if (value instanceof Tensor) return [text(name), ...this.backend.getInputTensorIds([value])];
      return [text(name), own(this.backend.binding.createTensor([], DataType.FLOAT, Float32Array.of(value)))];
    });
  }

  /**
   * Writes how the values of a tensor are distributed. Throws USAGE for a step or a number of buckets that is no integer.
   *
   * @param name the tag in TensorBoard
   * @param step when it was measured: an integer that grows
   * @param buckets how many buckets the values are counted in
   * @param description a text for TensorBoard, in Markdown
   */
  histogram(name: string, data: Tensor, step: number, buckets = BUCKETS, description = ''): void {
    requireInteger(step);
    const { values, count } = bucketsOf(data.dataSync(), buckets);
    this.#write('WriteSummary', step, (own, text) => [
      own(this.backend.binding.createTensor([count, 3], DataType.FLOAT, values)),
      text(name),
      text(histogramMetadata(description)),
    ]);
  }

  /** Writes to the file what is still in memory. */
  flush(): void {
    this.backend.binding.executeOp('FlushSummaryWriter', [], this.backend.getInputTensorIds([this.#writer]), 0);
  }

  #write(
    operation: string,
    step: number,
    rest: (own: (id: number) => number, text: (value: string | Uint8Array) => number) => number[],
  ): void {
    const { binding } = this.backend;
    withTensors(binding, (own) => {
      const text = (value: string | Uint8Array): number => own(textTensor(binding, value));
      const ids = this.backend.getInputTensorIds([this.#writer]);
      ids.push(own(binding.createTensor([], DataType.INT64, new Int32Array(BigInt64Array.of(BigInt(step)).buffer))));
      binding.executeOp(operation, [], [...ids, ...rest(own, text)], 0);
    });
  }
}

const writers = new Map<string, SummaryFileWriter>();

/**
 * A writer of event files for TensorBoard in a folder, which is made where it is missing; the same one for the same folder. Throws
 * USAGE for an empty name, and TENSORFLOW_FAILED where the folder cannot be written.
 *
 * @param logdir the folder
 * @param maxQueue how many events are kept in memory at most
 * @param flushMillis after how many milliseconds they are written to the file
 * @param filenameSuffix what the names of the files end with
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
  const [resource] = binding.executeOp(
    'SummaryWriter',
    attributes({
      shared_name: [AttributeType.STRING, `logdir:${logdir}`],
      container: [AttributeType.STRING, ''],
    }),
    [],
    1,
  );
  withTensors(binding, (own) => {
    const integer = (value: number): number => own(binding.createTensor([], DataType.INT32, Int32Array.of(value)));
    const text = (value: string): number => own(textTensor(binding, value));
    const inputs = [resource!.id, text(logdir), integer(maxQueue), integer(flushMillis), text(filenameSuffix)];
    binding.executeOp('CreateSummaryFileWriter', [], inputs, 0);
  });
  // It outlives the `tidy` that it may be made in.
  const writer = new SummaryFileWriter(keep(backend.createOutputTensor(resource!)));
  writers.set(logdir, writer);
  return writer;
}

function textTensor(binding: NodeJSKernelBackend['binding'], value: string | Uint8Array): number {
  return binding.createTensor([], DataType.STRING, [
    typeof value === 'string' ? new TextEncoder().encode(value) : value,
  ]);
}

/** `SummaryMetadata` of tensorflow/core/framework/summary.proto: the plug-in that draws it, and the description. */
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
  return new ToolkitError('USAGE', { message, hint: 'docs/tfjs-node.md says what a summary takes' });
}
