import type { Tensor4D } from '@tensorflow/tfjs-core';

import { DataType } from '../tensorflow/data-types.js';
import { attribute, GraphBuilder } from '../tensorflow/graph-builder.js';
import { Session } from '../tensorflow/session.js';
import { tensorFlowContext } from '../tensorflow/tfjs-backend.js';
import { hostBatch, type DeviceImages } from './device-images.js';
import { pixelsPerImage } from './images.js';
import { lower } from './lower.js';
import type { Forward, InferenceProgram } from './program.js';
import { scaleImages } from './session-images.js';
import { SessionVariables } from './session-variables.js';
import { trace, usedVariables, type Trace } from './trace.js';
import { requireRepeatable } from './traceable.js';

/** Images a forward pass takes at once: enough to keep the kernels busy, few enough for a small memory. */
const BATCH = 1000;

/**
 * A forward pass as a TensorFlow graph, with the model's variables in its session. Images are fed as bytes, chosen on this side:
 * each is looked at once, so that to hold them all on the device would save nothing.
 */
export class CompiledInference implements InferenceProgram {
  readonly #forward: Forward;
  readonly #data: DeviceImages;
  readonly #classes: number;
  readonly #session: Session;
  readonly #variables: SessionVariables;
  readonly #sizes = new Set<number>();

  constructor(forward: Forward, data: DeviceImages, classes: number) {
    this.#forward = forward;
    this.#data = data;
    this.#classes = classes;
    const { api, config } = tensorFlowContext();
    this.#session = new Session(api, config);
    this.#variables = new SessionVariables(this.#session);
  }

  async run(indices: Int32Array, signal: AbortSignal): Promise<Float32Array> {
    const logits = new Float32Array(indices.length * this.#classes);
    for (let start = 0; start < indices.length; start += BATCH) {
      signal.throwIfAborted();
      const chosen = indices.subarray(start, start + BATCH);
      this.#compile(chosen.length);
      await this.#variables.push();
      const [part] = await this.#session.run({
        feeds: {
          [`bytes_${chosen.length}`]: {
            type: DataType.UINT8,
            shape: [chosen.length, pixelsPerImage(this.#data.source.shape)],
            values: this.#bytesOf(chosen),
          },
        },
        fetches: [`logits_${chosen.length}`],
      });
      logits.set(part as Float32Array, start * this.#classes);
    }
    return logits;
  }

  dispose(): void {
    this.#session.close();
  }

  #bytesOf(indices: Int32Array): Uint8Array {
    const { pixels, shape } = this.#data.source;
    const size = pixelsPerImage(shape);
    const bytes = new Uint8Array(indices.length * size);
    indices.forEach((index, row) => {
      bytes.set(pixels.subarray(index * size, (index + 1) * size), row * size);
    });
    return bytes;
  }

  /** Records the pass for a number of images and adds it to the session, when it is first needed. */
  #compile(size: number): void {
    if (this.#sizes.has(size)) return;
    const pass = traceForward(this.#forward, this.#data, size);
    const used = usedVariables(pass);
    this.#variables.declare(used.values());
    const graph = new GraphBuilder(`images_${size}_`);
    const { source, scaling } = this.#data;
    const bytes = graph.placeholder(`bytes_${size}`, DataType.UINT8, [size, pixelsPerImage(source.shape)]);
    const constant = graph.constant.bind(graph);
    const handle = (id: number): string => this.#variables.handle(graph, used.get(id)!);
    const { results } = lower(graph, pass, {
      parameters: [scaleImages(graph, bytes, size, source.shape, scaling, constant)],
      handle,
      read: (id) => graph.node('ReadVariableOp', [handle(id)], [attribute.type('dtype', DataType.FLOAT)]),
      constant,
    });
    graph.node('Identity', results, [attribute.type('T', DataType.FLOAT)], `logits_${size}`);
    this.#session.extend(graph.finish());
    this.#sizes.add(size);
  }
}

/** Records a forward pass with two different batches, so that nothing of a batch gets into the program. */
function traceForward(forward: Forward, data: DeviceImages, size: number): Trace {
  const record = (indexAt: (position: number) => number): Trace => {
    const { images, labels } = hostBatch(
      data,
      Int32Array.from({ length: size }, (_, row) => indexAt(row)),
    );
    try {
      return trace(([images]) => [forward(images as Tensor4D)], [images]);
    } finally {
      images.dispose();
      labels.dispose();
    }
  };
  const first = record((row) => row % data.count);
  requireRepeatable(
    first,
    record((row) => data.count - 1 - (row % data.count)),
  );
  return first;
}
