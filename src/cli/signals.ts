import { ToolkitError } from '../core/errors.js';

/** The parts of a process that signal handling needs. */
export interface SignalSource {
  on(signal: StopSignal, listener: () => void): unknown;
  off(signal: StopSignal, listener: () => void): unknown;
  exit(code: number): void;
}

/** What each signal that asks for an end becomes. */
const STOPS = { SIGINT: 'INTERRUPTED', SIGTERM: 'TERMINATED', SIGHUP: 'HUNG_UP' } as const;

type StopSignal = keyof typeof STOPS;

const AGAIN = 'run the same command again';

/**
 * Turns Ctrl-C, SIGTERM and SIGHUP (the terminal is closed) into an aborted signal, so that work stops cleanly; a second one ends the
 * process at once. A terminal that closes may report it twice, through the shell and the system, so a second SIGHUP changes nothing.
 *
 * @param onFirst called when the first one arrives
 * @returns the signal, and a function that removes the handlers
 */
export function watchSignals(
  source: SignalSource,
  onFirst: () => void,
): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const stop = (signal: StopSignal): void => {
    const error = new ToolkitError(STOPS[signal], { hint: AGAIN });
    if (!controller.signal.aborted) {
      onFirst();
      controller.abort(error);
    } else if (signal !== 'SIGHUP') source.exit(error.exitCode);
  };
  const listeners = (Object.keys(STOPS) as StopSignal[]).map((signal) => {
    const listener = (): void => {
      stop(signal);
    };
    return { signal, listener };
  });
  for (const { signal, listener } of listeners) source.on(signal, listener);
  return {
    signal: controller.signal,
    release: () => {
      for (const { signal, listener } of listeners) source.off(signal, listener);
    },
  };
}
