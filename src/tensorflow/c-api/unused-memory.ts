import { readFileSync } from 'node:fs';

import type { LibraryHandle } from 'koffi';

import { koffi } from './ffi.js';

/** The C library whose allocator keeps freed memory: glibc's. Others have no such function, and need none. */
const GLIBC = 'libc.so.6';

interface Trim {
  async: (keep: number, done: (error: unknown) => void) => void;
}

let found: { trim: Trim | undefined } | undefined;

/**
 * Gives memory that was freed back to the operating system. glibc keeps it in its arenas, where blocks still in use lie between, so that a
 * process stays as large as it once was. Runs on another thread; does nothing where the allocator is not glibc's.
 */
export async function returnUnusedMemory(): Promise<void> {
  const { trim } = (found ??= { trim: findTrim() });
  if (!trim) return;
  await new Promise<void>((resolve, reject) => {
    trim.async(0, (error) => {
      if (error) reject(error instanceof Error ? error : new Error('malloc_trim failed', { cause: error }));
      else resolve();
    });
  });
}

function findTrim(): Trim | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return koffi.load(GLIBC).func('int malloc_trim(size_t)');
  } catch {
    return undefined;
  }
}

/** `MADV_DONTNEED`, the same on x86_64 and arm64. */
const DONT_NEED = 4;

/** A mapping in /proc/self/smaps: its range and access, its file, and how much of it is this process's own. */
const MAPPING =
  /^([0-9a-f]+)-([0-9a-f]+) (r-[x-]p) \S+ \S+ \d+ +(\/.*)\n(?:(?!Anonymous:)\w+: .*\n)*Anonymous: +0 kB$/gm;

/** The libraries whose pages were released: later they hold what is in use. */
const released = new Set<string>();

/**
 * Takes the pages of libraries out of this process's memory that were read while they were loaded: registering TensorFlow's operations
 * touches a quarter of its code and constants, of which training needs little. They stay in the system's cache, from where the process
 * takes again what it needs. Only on Linux; pages that were written, such as relocated addresses, stay.
 *
 * @param system the C library
 */
export function releaseStartupPages(system: LibraryHandle, libraries: readonly string[]): void {
  if (process.platform !== 'linux' || libraries.every((path) => released.has(path))) return;
  const advise = system.func('int madvise(void*, size_t, int)') as (
    at: bigint,
    bytes: number,
    advice: number,
  ) => number;
  for (const [, from = '', to = '', , path = ''] of mappings()) {
    if (!libraries.includes(path) || released.has(path)) continue;
    const start = BigInt(`0x${from}`);
    advise(start, Number(BigInt(`0x${to}`) - start), DONT_NEED);
  }
  for (const path of libraries) released.add(path);
}

/** Without /proc there is nothing to release. */
function mappings(): Iterable<RegExpMatchArray> {
  try {
    return readFileSync('/proc/self/smaps', 'utf8').matchAll(MAPPING);
  } catch {
    return [];
  }
}
