import type { ToolkitError } from '../../core/errors.js';
import type { ToolkitEvent } from '../../core/events.js';
import type { Style } from './style.js';

/** What a command ends with: an object for programs, and lines for people. */
export interface Outcome {
  /** The fields of the JSON result. */
  data: object;
  /** What a person reads on stdout; with `--verbose`, details too. */
  text: (style: Style, verbose: boolean) => string;
  /** A failure that does not keep the result from being shown, such as a quality gate. */
  failure?: ToolkitError | undefined;
  /** Failures of parts of the work, such as one of many pictures. */
  failures?: readonly ToolkitError[];
}

/** Shows what happens, for a kind of reader. Only reporters write to a terminal. */
export interface Reporter {
  event(event: ToolkitEvent): void;
  outcome(outcome: Outcome): void;
  error(error: ToolkitError): void;
  /** Text that was asked for, such as help. */
  text(text: string): void;
  /** Takes a progress bar off the screen. */
  close(): void;
}
