import { ToolkitError } from '../core/errors.js';

/** The parts of a process that signal handling needs. */
export interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  off(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  exit(code: number): void;
}

const AGAIN = 'run the same command again';

/**
 * Turns Ctrl-C and SIGTERM into an aborted signal, so that work stops cleanly; a second one ends the process at once.
 *
 * @param onFirst called when the first one arrives
 * @returns the signal, and a function that removes the handlers
 */
export function watchSignals(
  source: SignalSource,
  onFirst: () => void,
): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const stop = (error: ToolkitError): void => {
    if (controller.signal.aborted) source.exit(error.exitCode);
    else {
      onFirst();
      controller.abort(error);
    }
  };
  const onInterrupt = (): void => {
    stop(new ToolkitError('INTERRUPTED', { hint: AGAIN }));
  };
  const onTerminate = (): void => {
    stop(new ToolkitError('TERMINATED', { hint: AGAIN }));
  };
  source.on('SIGINT', onInterrupt);
  source.on('SIGTERM', onTerminate);
  return {
    signal: controller.signal,
    release: () => {
      source.off('SIGINT', onInterrupt);
      source.off('SIGTERM', onTerminate);
    },
  };
}
