import { koffi } from './c-api/ffi.js';

/** The size of glibc's `fenv_t`, with room to spare. */
const ENVIRONMENT_BYTES = 64;
/** Where the control register is in glibc's `fenv_t`, and its bits that make numbers below the smallest normal one 0. */
const CONTROL: Readonly<Record<string, { at: number; bits: number }>> = {
  // MXCSR: flush to zero, denormals are zero.
  x64: { at: 28, bits: 0x8040 },
  // FPCR: flush to zero.
  arm64: { at: 0, bits: 1 << 24 },
};

/** Sets this thread's floating-point environment, from a copy of it. */
type Switch = () => unknown;

let switches: { flush: Switch; restore: Switch } | undefined;

/**
 * Runs an action as TensorFlow's own threads do: they compute with 0 in the place of denormal numbers. On this thread, results would otherwise
 * differ from theirs in the last bit of the smallest numbers, and denormal numbers are slow.
 */
export function withoutDenormals<Result>(action: () => Result): Result {
  const { flush, restore } = (switches ??= switchesOfThread());
  flush();
  try {
    return action();
  } finally {
    restore();
  }
}

function switchesOfThread(): { flush: Switch; restore: Switch } {
  const control = process.platform === 'linux' ? CONTROL[process.arch] : undefined;
  if (!control) return { flush: () => undefined, restore: () => undefined };
  const library = koffi.load('libm.so.6');
  const read = library.func('int fegetenv(void*)') as (environment: Uint8Array) => number;
  const write = library.func('int fesetenv(void*)') as (environment: Uint8Array) => number;
  const usual = new Uint8Array(ENVIRONMENT_BYTES);
  read(usual);
  const flushing = Uint8Array.from(usual);
  const view = new DataView(flushing.buffer);
  view.setUint32(control.at, view.getUint32(control.at, true) | control.bits, true);
  return { flush: () => write(flushing), restore: () => write(usual) };
}
