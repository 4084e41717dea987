import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';

import type { LibraryHandle } from 'koffi';

/**
 * oneDNN before 3.12 (TensorFlow 2.21 contains 3.7) points the stack pointer at a heap buffer during matrix products
 * (https://github.com/uxlfoundation/oneDNN/issues/4845). A signal handler that runs on "the stack" then overwrites the memory below
 * that buffer, and the process ends with "corrupted size vs. prev_size" or worse. Therefore handlers run on an alternate signal stack
 * on the thread that loads TensorFlow, and TensorFlow's threads block all signals.
 */

/** More than the kernel's register frame (11 KiB with AMX) and a sample of V8's profiler need. */
const STACK_BYTES = 1 << 18;
/** `PROT_NONE` and `PROT_READ | PROT_WRITE`, `MAP_PRIVATE | MAP_ANONYMOUS`: the same on x86_64 and arm64. */
const NO_ACCESS = 0;
const READ_AND_WRITE = 3;
const PRIVATE_AND_ANONYMOUS = 0x22;
/** `ss_flags` of a `stack_t`: no alternate stack is set. */
const SS_DISABLE = 2;

/** `struct sigaction` of glibc on x86_64 and arm64: the handler, 128 bytes of mask, the flags, the restorer. */
const ACTION_BYTES = 152;
const FLAGS_AT = 136;
const SA_ONSTACK = 0x08000000;
const LAST_SIGNAL = 64;

/** `how` of pthread_sigmask. */
const SIG_BLOCK = 0;
const SIG_SETMASK = 2;
const MASK_BYTES = 128;

const { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF } = constants.signals;
/** Signals that a thread's own fault raises; if they are blocked, the fault ends the process. */
const SYNCHRONOUS = [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS];

type Address = bigint;

/** The C library's functions for signals and their stacks. */
interface SignalApi {
  sigaltstack(stack: BigInt64Array | null, before: BigInt64Array | null): number;
  sigaction(signal: number, action: Uint8Array | null, before: Uint8Array | null): number;
  pthread_sigmask(how: number, mask: Uint8Array, before: Uint8Array | null): number;
  mmap(at: null, bytes: number, access: number, flags: number, file: number, offset: number): Address;
  mprotect(at: Address, bytes: number, access: number): number;
  getpagesize(): number;
}

const PROTOTYPES: Readonly<Record<keyof SignalApi, string>> = {
  sigaltstack: 'int sigaltstack(void*, void*)',
  sigaction: 'int sigaction(int, void*, void*)',
  pthread_sigmask: 'int pthread_sigmask(int, void*, void*)',
  mmap: 'void* mmap(void*, size_t, int, int, int, int64_t)',
  mprotect: 'int mprotect(void*, size_t, int)',
  getpagesize: 'int getpagesize()',
};

let signals: SignalApi | undefined;

/**
 * Makes signals safe on this thread; to be called before TensorFlow is loaded. Acts once, and only on Linux.
 *
 * @param system the C library
 */
export function protectFromSignals(system: LibraryHandle): void {
  if (process.platform !== 'linux' || signals) return;
  const functions = Object.entries(PROTOTYPES).map(([name, prototype]) => [name, system.func(prototype)]);
  const api = Object.fromEntries(functions) as SignalApi;
  signals = api;
  if (!setSignalStack(api)) return;
  if (isMainThread) moveHandlers(api);
  // The main thread handles the process's signals; V8's profiler signals the thread that it samples.
  else api.pthread_sigmask(SIG_BLOCK, maskOfAllBut([...SYNCHRONOUS, SIGPROF]), null);
}

/**
 * Runs an action with signals blocked: threads that TensorFlow starts in it inherit the mask, and so never run a handler. Signals
 * that arrive meanwhile are delivered afterwards.
 */
export function withoutSignals<Result>(action: () => Result): Result {
  if (!signals) return action();
  const before = new Uint8Array(MASK_BYTES);
  signals.pthread_sigmask(SIG_BLOCK, maskOfAllBut(SYNCHRONOUS), before);
  try {
    return action();
  } finally {
    signals.pthread_sigmask(SIG_SETMASK, before, null);
  }
}

function maskOfAllBut(allowed: readonly number[]): Uint8Array {
  const mask = new Uint8Array(MASK_BYTES).fill(0xff);
  for (const signal of allowed) mask[(signal - 1) >> 3]! &= ~(1 << ((signal - 1) & 7));
  return mask;
}

/** Sets an alternate signal stack, unless the thread has one. Returns whether it has one now. */
function setSignalStack(api: SignalApi): boolean {
  const before = new BigInt64Array(3);
  if (api.sigaltstack(null, before) !== 0) return false;
  if (Number(before[1]! & 0xffffffffn) !== SS_DISABLE) return true;
  const guard = api.getpagesize();
  // Never freed: a signal may arrive as long as the thread lives.
  const memory = api.mmap(null, guard + STACK_BYTES, READ_AND_WRITE, PRIVATE_AND_ANONYMOUS, -1, 0);
  if (BigInt.asIntN(64, memory) === -1n) return false;
  // A guard page: a handler that overflows the stack crashes, and does not overwrite other memory.
  api.mprotect(memory, guard, NO_ACCESS);
  return api.sigaltstack(BigInt64Array.of(memory + BigInt(guard), 0n, BigInt(STACK_BYTES)), null) === 0;
}

/** Moves present and future handlers to the alternate stack. */
function moveHandlers(api: SignalApi): void {
  for (let signal = 1; signal <= LAST_SIGNAL; signal++) moveHandler(api, signal);
  // libuv installs its handler with a signal's first listener. Node.js listens to this event itself, before us.
  process.on('newListener', (name: string | symbol) => {
    const signal = constants.signals[name as NodeJS.Signals] as number | undefined;
    if (signal !== undefined) moveHandler(api, signal);
  });
  // libuv installs the SIGCHLD handler with the first child process and removes it with the last, without an event: a listener keeps it.
  process.on('SIGCHLD', () => undefined);
}

/** Adds SA_ONSTACK to a handler: those of Node.js (SIGINT, SIGTERM, SIGWINCH) lack it. */
function moveHandler(api: SignalApi, signal: number): void {
  const action = new Uint8Array(ACTION_BYTES);
  if (api.sigaction(signal, null, action) !== 0) return;
  const view = new DataView(action.buffer);
  // 0 is the default action, 1 ignores the signal.
  const hasHandler = view.getBigUint64(0, true) > 1n;
  const flags = view.getUint32(FLAGS_AT, true);
  if (!hasHandler || (flags & SA_ONSTACK) !== 0) return;
  view.setUint32(FLAGS_AT, flags | SA_ONSTACK, true);
  api.sigaction(signal, action, null);
}
