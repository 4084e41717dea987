import type { LabelledImages } from '../../core/images.js';
import { inferenceBatch } from '../running/compiled-inference.js';
import type { DeviceImages } from '../running/device-images.js';
import type { InferenceProgram } from '../running/program.js';
import { shareBatch } from '../sharding/shares.js';
import { agreedInterruption, wishOf } from './agreed-stop.js';
import { othersThan, type Transfer } from './transport.js';
import type { WorkerGroup } from './worker-group.js';

const FLOAT_BYTES = 4;

/**
 * A forward pass that workers share: each runs some of the batches that one process would run, and all get all logits, bit by bit those of
 * one process. All of them make the same calls.
 */
export class SharedInference implements InferenceProgram {
  readonly #program: InferenceProgram;
  readonly #data: DeviceImages;
  readonly #classes: number;
  readonly #group: WorkerGroup;

  /** @param program runs this worker's batches; it is disposed of with this one */
  constructor(program: InferenceProgram, data: DeviceImages, classes: number, group: WorkerGroup) {
    this.#program = program;
    this.#data = data;
    this.#classes = classes;
    this.#group = group;
  }

  /** Also throws, on all workers alike, where any of them is interrupted. */
  async run(indices: Int32Array, signal: AbortSignal): Promise<Float32Array> {
    const group = this.#group;
    const parts = this.#parts(indices);
    const own = parts[group.rank]!;
    const logits = await this.#logitsOf(own, signal);
    const wishes = await group.share(logits ? null : wishOf(signal));
    const interruption = agreedInterruption(group, wishes);
    if (interruption) throw interruption;
    return this.#gather(
      logits!,
      parts.map(({ length }) => length * this.#classes),
    );
  }

  replaceImages(images: LabelledImages): void {
    this.#program.replaceImages(images);
  }

  dispose(): void {
    this.#program.dispose();
  }

  /** Undefined if it was interrupted. */
  async #logitsOf(indices: Int32Array, signal: AbortSignal): Promise<Float32Array | undefined> {
    if (indices.length === 0) return new Float32Array(0);
    return this.#program.run(indices, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
      return undefined;
    });
  }

  /** The indices of each worker: whole batches, as a result may depend in its last bits on the images that are computed with it. */
  #parts(indices: Int32Array): Int32Array[] {
    const batch = inferenceBatch(this.#data.source.shape);
    const { sizes, starts } = shareBatch(Math.ceil(indices.length / batch), this.#group.size);
    return sizes.map((size, rank) => indices.subarray(starts[rank]! * batch, (starts[rank]! + size) * batch));
  }

  /** The values of all workers, one after the other. */
  async #gather(own: Float32Array, lengths: readonly number[]): Promise<Float32Array> {
    const { rank, size, memory, transport } = this.#group;
    const whole = new Float32Array(lengths.reduce((sum, length) => sum + length, 0));
    if (whole.length === 0) return whole;
    const address = memory.malloc(whole.byteLength);
    try {
      const placeOf = (peer: number): Transfer => {
        const before = lengths.slice(0, peer).reduce((sum, length) => sum + length, 0);
        return { peer, address: address + BigInt(before * FLOAT_BYTES), bytes: lengths[peer]! * FLOAT_BYTES };
      };
      const mine = placeOf(rank);
      memory.memcpy(mine.address, new Uint8Array(own.buffer, own.byteOffset, own.byteLength), mine.bytes);
      const others = othersThan(rank, size);
      const isSent = ({ bytes }: Transfer): boolean => bytes > 0;
      await transport.transfer(
        others.map((peer) => ({ ...mine, peer })).filter(isSent),
        others.map(placeOf).filter(isSent),
      );
      memory.memcpy(new Uint8Array(whole.buffer), address, whole.byteLength);
      return whole;
    } finally {
      memory.free(address);
    }
  }
}
