import type { ToolkitError } from '../../core/errors.js';
import type { ToolkitEvent } from '../../core/events.js';
import { escapeJson } from '../../core/formats/unsafe-characters.js';
import type { Outcome, Reporter } from './reporter.js';

/** For programs: one JSON object a line on stdout, and nothing else there; stderr stays for people. */
export class JsonReporter implements Reporter {
  readonly #stdout: NodeJS.WritableStream;
  readonly #people: Reporter;

  /** @param people shows progress on stderr */
  constructor(stdout: NodeJS.WritableStream, people: Reporter) {
    this.#stdout = stdout;
    this.#people = people;
  }

  event(event: ToolkitEvent): void {
    this.#people.event(event);
    // These come many times a second, for progress bars; the epoch lines summarise them.
    if (event.event === 'batch' || event.event === 'progress') return;
    this.#line(event);
  }

  outcome({ data }: Outcome): void {
    this.#line({ event: 'result', ...data });
  }

  error(error: ToolkitError): void {
    const { code, message, hint } = error;
    this.#line({ event: 'error', code, message, hint });
    this.#people.error(error);
  }

  close(): void {
    this.#people.close();
  }

  #line(value: object): void {
    this.#stdout.write(`${escapeJson(JSON.stringify(value))}\n`);
  }
}
