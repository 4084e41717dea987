import type { LibraryHandle } from 'koffi';

/** A C function that can be called on a thread of libuv's pool. */
interface PoolFunction<Arguments extends unknown[]> {
  async(...argumentsAndCallback: [...Arguments, (error: unknown, result: number) => void]): void;
}

/** libuv's own default, and its limit. */
const DEFAULT_THREADS = 4;
const MAX_THREADS = 1024;
/** A thread that is busy for longer than all rounds take is left out. */
const ROUNDS = 20;
/** Threads that are given a turn at a time: each call takes a stack of its own, and koffi refuses more than some hundred calls. */
const TURNS = 16;
/** How long a thread that has had its turn is kept busy, in microseconds, so that the next one comes to the others. */
const PAUSE_US = 500;

/**
 * Blocks signals on the threads of libuv's pool, which run what koffi calls asynchronously: TensorFlow's sessions among that. They have
 * no stack for signals, and the system delivers a signal to them while the main thread blocks it or still has another one to handle.
 * Nobody can change another thread's mask, so each thread is given a call of its own; those that had it are told by the mask before.
 *
 * @param system the C library
 * @param mask the signals to block, a `sigset_t`
 * @returns how many threads block them now that did not before
 */
export async function blockInPool(system: LibraryHandle, how: number, mask: Uint8Array): Promise<number> {
  const setMask = system.func('int pthread_sigmask(int, void*, void*)') as unknown as PoolFunction<
    [number, Uint8Array, Uint8Array]
  >;
  const pause = system.func('int usleep(uint)') as unknown as PoolFunction<[number]>;
  const threads = poolSize(process.env['UV_THREADPOOL_SIZE']);
  const blockOne = async (): Promise<boolean> => {
    const before = new Uint8Array(mask.length).fill(0xff);
    const failed = await call(setMask, how, mask, before);
    return failed === 0 && !blocksAll(before, mask);
  };
  let blocked = 0;
  for (let round = 0; round < ROUNDS && blocked < threads; round++) {
    const turns = Array.from(
      { length: Math.min(threads, TURNS) },
      () => [blockOne(), call(pause, PAUSE_US)] as const,
    );
    for (const [turn, paused] of turns) {
      if (await turn) blocked++;
      await paused;
    }
  }
  return blocked;
}

function call<Arguments extends unknown[]>(
  target: PoolFunction<Arguments>,
  ...values: Arguments
): Promise<number> {
  return new Promise((resolve, reject) => {
    target.async(...values, (error, result) => {
      if (error)
        reject(error instanceof Error ? error : new Error('a function of the C library was not called'));
      else resolve(result);
    });
  });
}

/** Whether a thread's mask held the ordinary signals of another; the C library keeps two of the others for itself. */
function blocksAll(before: Uint8Array, mask: Uint8Array): boolean {
  return [0, 1, 2].every((byte) => (before[byte]! & mask[byte]!) === mask[byte]!);
}

/** How many threads an environment variable asks for, as libuv reads it: a negative number is a large one there. */
export function poolSize(text: string | undefined): number {
  if (text === undefined) return DEFAULT_THREADS;
  const size = Number.parseInt(text, 10);
  if (Number.isNaN(size) || size === 0) return 1;
  return size < 0 ? MAX_THREADS : Math.min(MAX_THREADS, size);
}
