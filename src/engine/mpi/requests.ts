import type { MpiAbi } from './abi.js';

/** The bytes of a handle in an array of them. */
export function requestBytes({ handle }: MpiAbi): number {
  return handle === 'int' ? 4 : 8;
}

/** A handle as MPI wrote it to memory. */
export function handleIn(memory: Uint8Array, { handle }: MpiAbi): bigint {
  const view = new DataView(memory.buffer, memory.byteOffset);
  return handle === 'int' ? BigInt(view.getInt32(0, true)) : view.getBigInt64(0, true);
}
