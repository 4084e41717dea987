import { koffi } from '../../src/tensorflow/c-api/ffi.js';
import { WorkerGroup } from '../../src/engine/distributed/worker-group.js';
import { nativeMemory } from '../../src/engine/distributed/native-memory.js';
import type { Transfer, Transport } from '../../src/engine/distributed/transport.js';

/** Workers that are connected within this process: what MPI is to processes. Their messages keep their order, and are copied when sent. */
export function connectedGroups(size: number): WorkerGroup[] {
  const memory = nativeMemory();
  const boxes = new Map<string, { ready: Buffer[]; waiting: ((message: Buffer) => void)[] }>();
  const boxOf = (from: number, to: number): { ready: Buffer[]; waiting: ((message: Buffer) => void)[] } => {
    const key = `${from} to ${to}`;
    const box = boxes.get(key) ?? { ready: [], waiting: [] };
    boxes.set(key, box);
    return box;
  };
  const send = (rank: number, { peer, address, bytes }: Transfer): void => {
    const message = Buffer.alloc(bytes);
    memory.memcpy(message, address, bytes);
    const { ready, waiting } = boxOf(rank, peer);
    const next = waiting.shift();
    if (next) next(message);
    else ready.push(message);
  };
  const receive = async (rank: number, { peer, address, bytes }: Transfer): Promise<void> => {
    const { ready, waiting } = boxOf(peer, rank);
    const message = ready.shift() ?? (await new Promise<Buffer>((resolve) => waiting.push(resolve)));
    if (message.length !== bytes)
      throw new Error(`a message of ${message.length} bytes in the place of ${bytes}`);
    memory.memcpy(address, message, bytes);
  };
  return Array.from({ length: size }, (_, rank) => {
    const transport: Transport = {
      rank,
      size,
      async transfer(sends, receives) {
        for (const each of sends) send(rank, each);
        await Promise.all(receives.map((each) => receive(rank, each)));
      },
      add(source, target, floats) {
        const [from, to] = [source, target].map(
          (address) => new Float32Array(koffi.view(address, floats * 4)),
        ) as [Float32Array, Float32Array];
        from.forEach((value, index) => (to[index]! += value));
      },
    };
    return new WorkerGroup(transport, memory);
  });
}
