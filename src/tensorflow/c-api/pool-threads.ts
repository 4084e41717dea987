import type { LibraryHandle } from 'koffi';

/** A C function that can be called on a thread of libuv's pool. */
interface PoolFunction<Arguments extends unknown[]> {
  async(...argumentsAndCallback: [...Arguments, (error: unknown, result: number) => void]): void;
}

/** libuv's own default, and its limit. */
const DEFAULT_THREADS = 4;
const MAX_THREADS = 1024;
/** A thread that is busy for longer than all rounds take is left out. */
const ROUNDS = 12;
/** Threads that are given a turn at a time: each call takes a stack of its own, and koffi refuses more than some hundred calls. */
const TURNS = 16;
/** How long a thread that has had its turn is kept busy, in microseconds, so that the next one comes to the others: at first, and at most. */
const [FIRST_PAUSE_US, LONGEST_PAUSE_US] = [250, 20_000];

/**
 * Blocks signals on the threads of libuv's pool, which run what koffi calls asynchronously: TensorFlow's sessions among that. They have
 * no stack for signals, and the system delivers a signal to them while the main thread blocks it or still has another one to handle.
 * Nobody can change another thread's mask, so each thread is given a call of its own; those that had it are told by the mask before.
 *
 * @param system the C library
 * @param mask the signals to block, a `sigset_t`
 * @param threads how many are to be reached
 * @returns how many threads block them now that did not before
 */
export async function blockInPool(
  system: LibraryHandle,
  how: number,
  mask: Uint8Array,
  threads: number,
): Promise<number> {
  const setMask = system.func('int pthread_sigmask(int, void*, void*)') as unknown as PoolFunction<
    [number, Uint8Array, Uint8Array]
  >;
  const pause = system.func('int usleep(uint)') as unknown as PoolFunction<[number]>;
  const blockOne = async (): Promise<boolean> => {
    const before = new Uint8Array(mask.length).fill(0xff);
    const failed = await call(setMask, how, mask, before);
    return failed === 0 && !blocksAll(before, mask);
  };
  let blocked = 0;
  for (let round = 0; round < ROUNDS && blocked < threads; round++) {
    // A thread that waits for a processor is reached by a longer pause of the others.
    const pauseUs = Math.min(LONGEST_PAUSE_US, FIRST_PAUSE_US * 1.5 ** round);
    const rest = (): Promise<number> => call(pause, Math.round(pauseUs));
    const turns = Array.from(
      { length: Math.min(Math.max(threads, DEFAULT_THREADS), TURNS) },
      (_, turn) => turn,
    );
    // Idle threads are woken in turn: with a pause after each call, every other thread would have nothing but pauses. Busy ones are not,
    // and the pauses keep those that are faster from all the calls.
    const isMixed = round % 2 === 1;
    const results = turns.map(() => (isMixed ? [blockOne(), rest()] : [blockOne()]));
    const rests = isMixed ? [] : turns.map(rest);
    for (const result of results) if ((await Promise.all(result))[0] === true) blocked++;
    await Promise.all(rests);
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
