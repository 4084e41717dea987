import type { LibraryHandle } from 'koffi';

/** The Abseil LTS versions (dates) that TensorFlow's libraries since 2.16 may contain. */
const ABSEIL = [20230125, 20230802, 20240116, 20240722, 20250127, 20250512, 20250814, 20260107];
const FATAL = 3;
const STANDARD_ERROR = 2;
const WRITE_ONLY = 1;

/**
 * Sets TensorFlow's minimum log level: 0 info, 1 warnings, 2 errors, 3 fatal errors. Errors are returned as a status anyway.
 *
 * Calls Abseil's C++ function, because since TensorFlow 2.21 only the Python start-up code reads TF_CPP_MIN_LOG_LEVEL. Returns false,
 * and changes nothing, if the function is not found.
 */
export function limitLogging(framework: LibraryHandle, level: number): boolean {
  for (const date of ABSEIL) {
    try {
      const setMinLogLevel = framework.func(
        `_ZN4absl12lts_${date}14SetMinLogLevelENS0_18LogSeverityAtLeastE`,
        'void',
        ['int'],
      ) as (level: number) => void;
      setMinLogLevel(Math.min(Math.max(level, 0), FATAL));
      return true;
    } catch {
      // Another version of Abseil.
    }
  }
  return false;
}

/**
 * Runs an action with standard error redirected to /dev/null: TensorFlow 2.21 logs while its first library is loaded, before its log
 * level can be set. JavaScript is blocked meanwhile, so none of its output is lost.
 *
 * @param system the C library
 */
export function withoutErrorOutput(system: LibraryHandle, action: () => void): void {
  const dup = system.func('int dup(int)') as (file: number) => number;
  const dup2 = system.func('int dup2(int, int)') as (from: number, to: number) => number;
  const open = system.func('int open(const char*, int)') as (path: string, flags: number) => number;
  const close = system.func('int close(int)') as (file: number) => number;
  const saved = dup(STANDARD_ERROR);
  const devNull = open('/dev/null', WRITE_ONLY);
  // Without a standard error or a free file descriptor, let the lines through.
  const isPossible = saved >= 0 && devNull >= 0;
  if (isPossible) dup2(devNull, STANDARD_ERROR);
  try {
    action();
  } finally {
    if (isPossible) dup2(saved, STANDARD_ERROR);
    for (const file of [saved, devNull]) if (file >= 0) close(file);
  }
}
