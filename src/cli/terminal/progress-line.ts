import cliProgress from 'cli-progress';

import { duration } from './format.js';

/** Interval of progress lines without a terminal. */
const PLAIN_INTERVAL_MS = 10_000;

/** Shows progress: a bar on a terminal, otherwise a line from time to time. */
export class ProgressLine {
  readonly #stream: NodeJS.WritableStream;
  readonly #animated: boolean;
  readonly #printLine: (line: string) => void;
  #bar: cliProgress.SingleBar | undefined;
  #task: string | undefined;
  #startedAt = 0;
  #startedFrom = 0;
  #printedAt = 0;

  constructor(stream: NodeJS.WritableStream, animated: boolean, printLine: (line: string) => void) {
    this.#stream = stream;
    this.#animated = animated;
    this.#printLine = printLine;
  }

  /**
   * Shows a task's progress, in either form.
   *
   * @param describe says how far it is, given how much is done in a second
   */
  show(task: string, done: number, total: number | undefined, describe: (rate: number) => string): void {
    if (task !== this.#task) {
      this.clear();
      this.#task = task;
      this.#startedAt = this.#printedAt = performance.now();
      this.#startedFrom = done;
    }
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const rate = seconds > 0 ? (done - this.#startedFrom) / seconds : 0;
    if (this.#animated) this.animate(task, done, total, describe(rate), rate);
    else if (performance.now() - this.#printedAt > PLAIN_INTERVAL_MS) {
      this.#printedAt = performance.now();
      this.#printLine(`${task}: ${describe(rate)}`);
    }
  }

  /** Shows a bar, only on a terminal. */
  animate(task: string, done: number, total: number | undefined, text: string, rate: number): void {
    if (!this.#animated) return;
    const end = total ?? 0;
    const rest = end > done && rate > 0 ? `  ${duration((end - done) / rate)} left` : '';
    if (!this.#bar) {
      this.#bar = new cliProgress.SingleBar(
        {
          stream: this.#stream,
          format: '{task} {bar} {text}{rest}',
          barsize: 20,
          hideCursor: true,
          clearOnComplete: true,
          // Otherwise it would handle Ctrl-C itself.
          gracefulExit: false,
        },
        cliProgress.Presets.shades_classic,
      );
      this.#bar.start(end, done, { task, text, rest });
    } else {
      this.#bar.setTotal(end);
      this.#bar.update(done, { task, text, rest });
    }
  }

  /** Removes the bar so that a line can be printed; the next progress draws it again. */
  clear(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}
