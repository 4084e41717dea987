import { readFileSync, statSync } from 'node:fs';

import { ToolkitError } from '../../core/errors.js';

/** What TensorFlow reserves beside its libraries at start-up: thread stacks and allocator arenas. */
const HEADROOM_BYTES = 512 << 20;

/**
 * Throws OUT_OF_MEMORY if the address-space limit (`ulimit -v`) leaves too little for the libraries: without memory at start-up
 * TensorFlow aborts the process. Checks on Linux only.
 *
 * @param libraries paths of the libraries to load
 * @param available bytes left below the limit; undefined where there is no limit
 */
export function requireAddressSpace(libraries: readonly string[], available = availableBytes()): void {
  if (available === undefined) return;
  const needed = libraries.reduce((sum, path) => sum + statSync(path).size, HEADROOM_BYTES);
  if (available >= needed) return;
  const reason = `the address-space limit leaves ${mebibytes(available)}, but TensorFlow needs ${mebibytes(needed)}`;
  throw new ToolkitError('OUT_OF_MEMORY', { reason });
}

function availableBytes(): number | undefined {
  const limit = numberFrom('/proc/self/limits', /^Max address space +(\d+)/m);
  const used = numberFrom('/proc/self/status', /^VmSize:\s*(\d+) kB/m);
  return limit === undefined || used === undefined ? undefined : limit - used * 1024;
}

function numberFrom(path: string, pattern: RegExp): number | undefined {
  try {
    const found = pattern.exec(readFileSync(path, 'utf8'))?.[1];
    return found === undefined ? undefined : Number(found);
  } catch {
    return undefined;
  }
}

function mebibytes(bytes: number): string {
  return `${Math.max(0, Math.floor(bytes / 2 ** 20))} MiB`;
}
