import { C_LIBRARY, koffi } from '../../tensorflow/c-api/ffi.js';
import type { NativeMemory } from './transport.js';

const PROTOTYPES: Readonly<Record<keyof NativeMemory, string>> = {
  malloc: 'void* malloc(size_t)',
  free: 'void free(void*)',
  memcpy: 'void* memcpy(void*, void*, size_t)',
};

/** The C library's memory, which stays where it is. */
export function nativeMemory(): NativeMemory {
  const system = koffi.load(C_LIBRARY);
  const functions = Object.entries(PROTOTYPES).map(([name, prototype]) => [
    name,
    system.func(prototype) as unknown,
  ]);
  return Object.fromEntries(functions) as NativeMemory;
}
