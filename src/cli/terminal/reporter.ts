import type { ToolkitError } from '../../core/errors.js';
import type { ToolkitEvent } from '../../core/events.js';
import type { Style } from './style.js';

/** The result of a command, for programs and for people. */
export interface Outcome {
  /** The fields of the JSON result. */
  data: object;
  /** What a person reads on stdout, in lines of at most `width` columns where it can be; with `--verbose`, details too. */
  text: (style: Style, verbose: boolean, width: number) => string;
  /** A failure that does not keep the result from being shown, such as a quality gate. */
  failure?: ToolkitError | undefined;
  /** Failures of parts of the work, such as single images. */
  failures?: readonly ToolkitError[];
  /** Whether nothing of it is shown: of workers that train together, the first alone reports. */
  isHidden?: boolean;
}

/** Shows events and results. Only reporters write to a terminal. */
export interface Reporter {
  event(event: ToolkitEvent): void;
  outcome(outcome: Outcome): void;
  error(error: ToolkitError): void;
  /** Removes the progress bar. */
  close(): void;
}
