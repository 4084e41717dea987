import { nativeMemory } from '../../../src/engine/distributed/native-memory.js';
import type { Transfer, Transport } from '../../../src/engine/distributed/transport.js';
import { WorkerGroup } from '../../../src/engine/distributed/worker-group.js';
import { koffi } from '../../../src/tensorflow/c-api/ffi.js';

/** A worker among others that do not exist, and answer at once with what it sends: what is left of a step is what the worker computes. */
export function groupOfOne(size: number): WorkerGroup {
  const memory = nativeMemory();
  const transport: Transport = {
    rank: 0,
    size,
    transfer(sends: readonly Transfer[], receives: readonly Transfer[]) {
      receives.forEach(({ address, bytes }, at) => {
        const sent = sends[at % sends.length]!;
        memory.memcpy(address, sent.address, Math.min(bytes, sent.bytes));
      });
      return Promise.resolve();
    },
    add(source, target, floats) {
      const [from, to] = [source, target].map(
        (address) => new Float32Array(koffi.view(address, floats * Float32Array.BYTES_PER_ELEMENT)),
      ) as [Float32Array, Float32Array];
      for (let at = 0; at < floats; at++) to[at]! += from[at]!;
    },
  };
  return new Alone(transport, memory);
}

class Alone extends WorkerGroup {
  override share<Value>(value: Value): Promise<Value[]> {
    return Promise.resolve(Array.from({ length: this.size }, () => value));
  }
}
