import { readFileSync, statSync } from 'node:fs';

import { ToolkitError } from '../../core/errors.js';

/** What TensorFlow takes beside its libraries before it computes anything: threads' stacks and arenas. */
const HEADROOM_BYTES = 512 << 20;

/**
 * Throws OUT_OF_MEMORY where a limit of the address space (`ulimit -v`) leaves no room for libraries: TensorFlow ends the process where it
 * gets no memory at its start. Asks Linux alone.
 */
export function requireAddressSpace(libraries: readonly string[], available = availableBytes()): void {
  if (available === undefined) return;
  const needed = libraries.reduce((sum, path) => sum + statSync(path).size, HEADROOM_BYTES);
  if (available >= needed) return;
  const reason = `the limit of the address space leaves ${mebibytes(available)}, and TensorFlow needs ${mebibytes(needed)}`;
  throw new ToolkitError('OUT_OF_MEMORY', { reason });
}

function availableBytes(): number | undefined {
  const limit = numberIn('/proc/self/limits', /^Max address space +(\d+)/m);
  const used = numberIn('/proc/self/status', /^VmSize:\s*(\d+) kB/m);
  return limit === undefined || used === undefined ? undefined : limit - used * 1024;
}

function numberIn(path: string, pattern: RegExp): number | undefined {
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
