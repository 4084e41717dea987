import type { LibraryHandle } from 'koffi';

/** The versions of Abseil, by the dates in their names, that TensorFlow's libraries since 2.16 may contain. */
const ABSEIL = [20230125, 20230802, 20240116, 20240722, 20250127, 20250512, 20250814, 20260107];
const FATAL = 3;
const STANDARD_ERROR = 2;
const WRITE_ONLY = 1;

/**
 * Keeps TensorFlow's own log lines off the terminal, down to a level: 0 everything, 1 warnings, 2 errors, 3 only what ends
 * the process. Errors reach us as a status.
 *
 * TensorFlow logs through Abseil, whose C++ function this calls: since TensorFlow 2.21 the environment variable
 * TF_CPP_MIN_LOG_LEVEL is obeyed by Python's start-up code alone. Where the function is not found, nothing changes.
 */
export function limitLogging(framework: LibraryHandle, level: number): void {
  for (const date of ABSEIL) {
    try {
      const setMinLogLevel = framework.func(
        `_ZN4absl12lts_${date}14SetMinLogLevelENS0_18LogSeverityAtLeastE`,
        'void',
        ['int'],
      ) as (level: number) => void;
      setMinLogLevel(Math.min(Math.max(level, 0), FATAL));
      return;
    } catch {
      // Another version of Abseil.
    }
  }
}

/**
 * Runs an action while what native code writes to standard error goes nowhere: TensorFlow 2.21 logs while its libraries are
 * being loaded, before any function of theirs can be called to forbid it. JavaScript waits meanwhile, so nothing of ours is lost.
 *
 * @param system the C library
 */
export function withoutErrorOutput(system: LibraryHandle, action: () => void): void {
  const dup = system.func('int dup(int)') as (file: number) => number;
  const dup2 = system.func('int dup2(int, int)') as (from: number, to: number) => number;
  const open = system.func('int open(const char*, int)') as (path: string, flags: number) => number;
  const close = system.func('int close(int)') as (file: number) => number;
  const saved = dup(STANDARD_ERROR);
  const nowhere = open('/dev/null', WRITE_ONLY);
  // Without a standard error, or with no file left to open, the lines are the smaller evil.
  const isPossible = saved >= 0 && nowhere >= 0;
  if (isPossible) dup2(nowhere, STANDARD_ERROR);
  try {
    action();
  } finally {
    if (isPossible) dup2(saved, STANDARD_ERROR);
    for (const file of [saved, nowhere]) if (file >= 0) close(file);
  }
}
