import type { NativeMemory, Transport } from './transport.js';

/** The bytes of a message's length. */
const LENGTH_BYTES = 4;

/** The workers of a job, as one of them sees them: what they tell each other beside gradients. All of them make the same calls in the same order. */
export class WorkerGroup {
  readonly transport: Transport;
  readonly memory: NativeMemory;
  readonly #stop = new AbortController();

  constructor(transport: Transport, memory: NativeMemory) {
    this.transport = transport;
    this.memory = memory;
  }

  get rank(): number {
    return this.transport.rank;
  }

  get size(): number {
    return this.transport.size;
  }

  /** The worker that owns terminal, run folder and checkpoints. */
  get isFirst(): boolean {
    return this.rank === 0;
  }

  /** Aborted when the workers have agreed to stop. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Stops this worker, as the others do. */
  stop(reason: unknown): void {
    this.#stop.abort(reason);
  }

  /** What the first worker says, to all. */
  async broadcast<Value>(value: Value): Promise<Value> {
    if (!this.isFirst) return (await this.#receive(0)) as Value;
    await this.broadcastBytes(encode(value));
    return value;
  }

  /** The bytes of the first worker, to all. */
  async broadcastBytes(bytes: Uint8Array): Promise<Uint8Array> {
    if (!this.isFirst) return this.#receiveMessage(0);
    for (let peer = 1; peer < this.size; peer++) await this.#send(peer, bytes);
    return bytes;
  }

  /** What each worker says, to all, in the order of ranks. */
  async share<Value>(value: Value): Promise<Value[]> {
    const all: Value[] = [value];
    if (this.isFirst) {
      for (let peer = 1; peer < this.size; peer++) all.push((await this.#receive(peer)) as Value);
    } else {
      await this.#send(0, encode(value));
    }
    return this.broadcast(all);
  }

  async #send(peer: number, body: Uint8Array): Promise<void> {
    const address = this.memory.malloc(LENGTH_BYTES + body.length);
    try {
      const message = new Uint8Array(LENGTH_BYTES + body.length);
      new DataView(message.buffer).setUint32(0, body.length, true);
      message.set(body, LENGTH_BYTES);
      this.memory.memcpy(address, message, message.length);
      await this.transport.transfer([{ peer, address, bytes: LENGTH_BYTES }], []);
      const rest = { peer, address: address + BigInt(LENGTH_BYTES), bytes: body.length };
      await this.transport.transfer([rest], []);
    } finally {
      this.memory.free(address);
    }
  }

  async #receive(peer: number): Promise<unknown> {
    return JSON.parse((await this.#receiveMessage(peer)).toString('utf8')) as unknown;
  }

  async #receiveMessage(peer: number): Promise<Buffer> {
    const length = await this.#receiveBytes(peer, LENGTH_BYTES);
    return this.#receiveBytes(peer, length.readUInt32LE(0));
  }

  async #receiveBytes(peer: number, bytes: number): Promise<Buffer> {
    const address = this.memory.malloc(bytes);
    try {
      await this.transport.transfer([], [{ peer, address, bytes }]);
      const copy = Buffer.alloc(bytes);
      this.memory.memcpy(copy, address, bytes);
      return copy;
    } finally {
      this.memory.free(address);
    }
  }
}

function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value ?? null));
}
