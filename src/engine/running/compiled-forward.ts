import type { Tensor4D } from '@tensorflow/tfjs-core';

import { DataType } from '../../tensorflow/c-api/data-types.js';
import { attribute, GraphBuilder } from '../../tensorflow/c-api/graph-builder.js';
import { Session } from '../../tensorflow/c-api/session.js';
import type { SessionConfig } from '../../tensorflow/c-api/session-config.js';
import type { HostTensor } from '../../tensorflow/c-api/tensors.js';
import { tensorFlowContext } from '../../tensorflow/backend/tfjs-backend.js';
import { hostBatch, type DeviceImages } from './device-images.js';
import { pixelsPerImage, type Examples } from '../../core/images.js';
import { lower } from '../compiling/lower.js';
import type { Forward } from './program.js';
import { inputType, modelInputs } from '../compiling/session-images.js';
import { multiplications } from '../sharding/work.js';
import { SessionVariables } from '../compiling/session-variables.js';
import { trace, usedVariables, type Trace } from '../tracing/trace.js';
import { requireRepeatable } from '../tracing/traceable.js';

/** Samples that the forward pass is traced with. */
export type SampleInputs = Pick<DeviceImages, 'count' | 'source' | 'scaling'>;

/** A pass for a batch of one size. */
interface CompiledPass {
  multiplications: number;
  /** Prepared on first use. */
  now?: (tensor: HostTensor) => HostTensor['values'];
}

/** A forward pass compiled to a TensorFlow graph for each batch size, in a session with the model's variables. */
export class CompiledForward {
  readonly #forward: Forward;
  readonly #sample: SampleInputs;
  readonly #session: Session;
  readonly #variables: SessionVariables;
  readonly #passes = new Map<number, CompiledPass>();

  /** @param cores session settings that differ from the backend's */
  constructor(forward: Forward, sample: SampleInputs, cores: Partial<SessionConfig> = {}) {
    this.#forward = forward;
    this.#sample = sample;
    const { api, config } = tensorFlowContext();
    this.#session = new Session(api, { ...config, ...cores });
    this.#variables = new SessionVariables(this.#session);
  }

  /** Compiles the pass for a batch size, unless it is compiled. Throws STEP_NOT_TRACEABLE or TENSORFLOW_FAILED. */
  compile(size: number): void {
    if (this.#passes.has(size)) return;
    const pass = traceForward(this.#forward, this.#sample, size);
    const used = usedVariables(pass);
    this.#variables.declare(used.values());
    const graph = new GraphBuilder(`images_${size}_`);
    const { shape, pixels } = this.#sample.source;
    const rows = graph.placeholder(`inputs_${size}`, inputType(pixels), [size, pixelsPerImage(shape)]);
    const constant = graph.constant.bind(graph);
    const handle = (id: number): string => this.#variables.handle(graph, used.get(id)!);
    const { results } = lower(graph, pass, {
      parameters: [modelInputs(graph, rows, size, this.#sample, constant)],
      handle,
      read: (id) => graph.node('ReadVariableOp', [handle(id)], [attribute.type('dtype', DataType.FLOAT)]),
      constant,
    });
    graph.node('Identity', results, [attribute.type('T', DataType.FLOAT)], `logits_${size}`);
    this.#session.extend(graph.finish());
    this.#passes.set(size, { multiplications: multiplications(pass.operations) });
  }

  /** Copies the current values of the model's variables to the session. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY. */
  push(): Promise<void> {
    return this.#variables.push();
  }

  /**
   * The logits of a batch of a compiled size: [size, classes]. Does not block the event loop. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY.
   *
   * @param inputs [size, pixels per image]: bytes, or features if the sample has them
   */
  async run(size: number, inputs: Examples['pixels']): Promise<Float32Array> {
    const [logits] = await this.#session.run({
      feeds: { [`inputs_${size}`]: this.#tensorOf(size, inputs) },
      fetches: [`logits_${size}`],
    });
    return logits as Float32Array;
  }

  /** The same on the calling thread, which waits meanwhile. */
  runNow(size: number, inputs: Examples['pixels']): Float32Array {
    const pass = this.#passOf(size);
    pass.now ??= this.#session.prepareCopying(`inputs_${size}`, `logits_${size}`);
    return pass.now(this.#tensorOf(size, inputs)) as Float32Array;
  }

  /** The multiplications of a pass over a batch of a compiled size. */
  multiplications(size: number): number {
    return this.#passOf(size).multiplications;
  }

  /** Frees the session, once a run in progress has ended. */
  close(): void {
    this.#session.close();
  }

  #passOf(size: number): CompiledPass {
    const pass = this.#passes.get(size);
    if (!pass) throw new Error(`the pass is not compiled for batches of ${size}`);
    return pass;
  }

  #tensorOf(size: number, values: Examples['pixels']): HostTensor {
    const { source } = this.#sample;
    return { type: inputType(source.pixels), shape: [size, pixelsPerImage(source.shape)], values };
  }
}

/** Traces a forward pass with two different batches, to detect values that depend on the data. */
function traceForward(forward: Forward, sample: SampleInputs, size: number): Trace {
  const record = (indexAt: (position: number) => number): Trace => {
    const { images, labels } = hostBatch(
      sample,
      Int32Array.from({ length: size }, (_, row) => indexAt(row)),
    );
    try {
      return trace(([images]) => [forward(images as Tensor4D)], [images]);
    } finally {
      images.dispose();
      labels.dispose();
    }
  };
  const first = record((row) => row % sample.count);
  requireRepeatable(
    first,
    record((row) => sample.count - 1 - (row % sample.count)),
  );
  return first;
}
