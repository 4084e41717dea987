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
