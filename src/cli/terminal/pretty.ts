import { stripVTControlCharacters } from 'node:util';

import type { ToolkitError } from '../../core/errors.js';
import type { BatchEvent, EpochEvent, ToolkitEvent, TransferEvent, TrialEvent } from '../../core/events.js';
import { cleanDeep, cleanLine, cleanText } from './clean.js';
import { bytes, count, duration, loss, percent } from './format.js';
import { ProgressLine } from './progress-line.js';
import type { Outcome, Reporter } from './reporter.js';
import { trialLine } from './results/search.js';
import { isAnimated, styleFor, type Style } from './style.js';
import { gapText, metricText } from './results/train.js';

/** More layers are not named one by one. */
const MOST_LAYERS = 12;

export interface PrettyOptions {
  stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  stderr: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  environment: NodeJS.ProcessEnv;
  color: boolean;
  /** Whether errors come with their stack trace, and results with details. */
  verbose: boolean;
}

/** For people: progress on stderr (bars on a terminal, plain lines elsewhere) and the result on stdout. */
export class PrettyReporter implements Reporter {
  readonly #options: PrettyOptions;
  readonly #style: Style;
  readonly #progress: ProgressLine;

  constructor(options: PrettyOptions) {
    const { stderr, environment, color } = options;
    this.#options = options;
    this.#style = styleFor(stderr, color, environment);
    this.#progress = new ProgressLine(stderr, isAnimated(stderr, environment), (line) => {
      this.#line(line);
    });
  }

  event(told: ToolkitEvent): void {
    // Names of runs, files and classes come from others.
    const event = cleanDeep(told);
    const style = this.#style;
    switch (event.event) {
      case 'progress':
        this.#progress.show(event.task, event.done, event.total, (rate) =>
          event.unit === 'bytes'
            ? `${bytes(event.done)} of ${event.total === undefined ? '?' : bytes(event.total)}  ${bytes(rate)}/s`
            : `${count(event.done)} ${event.unit}  ${count(rate)}/s`,
        );
        break;
      case 'batch':
        this.#batch(event);
        break;
      case 'epoch':
        this.#line(this.#epoch(event));
        break;
      case 'stage':
      case 'notice':
        this.#line(style.dim(event.message));
        break;
      case 'warning':
        this.#line(`${style.yellow('warning:')} ${event.message} — ${event.hint}`);
        break;
      case 'backend':
        this.#line(
          `${style.bold(event.backend)} ${event.version} on ${event.device}, ${threads(event.threads)}`,
        );
        break;
      case 'model':
        this.#line(`${style.bold(event.model)}: ${event.description}; ${count(event.parameters)} parameters`);
        break;
      case 'run':
        this.#line(runLine(event.run, event.resumedFromEpoch, style));
        break;
      case 'transfer':
        this.#line(transferLine(event));
        break;
      case 'trial':
        this.#trial(event);
        break;
      case 'checkpoint':
        break;
      case 'listening':
        this.#line(`${servedNames(event)} at ${style.bold(event.url)}; press Ctrl-C to stop`);
        break;
      case 'version':
        this.#line(
          style.dim(
            event.version === null
              ? `${event.model}: no ${event.role} version`
              : `${event.model}: ${event.role} version ${event.version}`,
          ),
        );
        break;
    }
  }

  outcome({ text }: Outcome): void {
    this.#progress.clear();
    const { stdout, color, environment, verbose } = this.#options;
    // Without a terminal, programs such as grep read the lines: rows stay whole.
    const width = stdout.columns ?? Infinity;
    stdout.write(cleanText(`${text(styleFor(stdout, color, environment), verbose, width)}\n`));
  }

  error(error: ToolkitError): void {
    const { message, hint } = error;
    const text = `${message} — ${hint}`
      .split('\n')
      .map((part) => part.trim())
      .join(' ');
    const line = cleanLine(text);
    this.#line(`${this.#style.red('error:')} ${line}`);
    if (this.#options.verbose) this.#line(stackOf(error));
  }

  close(): void {
    this.#progress.clear();
  }

  #batch({ epoch, epochs, images, totalImages, imagesPerSecond, ...metrics }: BatchEvent): void {
    const name = `epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}`;
    const means = `loss ${loss(metrics.loss)}  accuracy ${percent(metrics.accuracy)}`;
    // Between epochs nothing is printed without a terminal: one line an epoch is enough for a log.
    this.#progress.animate(
      name,
      images,
      totalImages,
      `${means}  ${count(imagesPerSecond)} images/s`,
      imagesPerSecond,
    );
  }

  #epoch({ epoch, epochs, validation, gap, seconds, imagesPerSecond, ...metrics }: EpochEvent): string {
    const { bold, dim } = this.#style;
    const line = (hasGap: boolean, hasRate: boolean): string =>
      [
        `epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}`,
        `loss ${loss(metrics.loss)}  accuracy ${percent(metrics.accuracy)}`,
        ...(validation
          ? [
              `validation ${loss(validation.loss)} ${bold(percent(validation.accuracy))}${hasGap ? gapText(gap) : ''}${metricText(validation)}`,
            ]
          : []),
        dim(duration(seconds)),
        ...(hasRate ? [dim(`${count(imagesPerSecond)} images/s`)] : []),
      ].join('  ');
    return this.#fitting([line(true, true), line(true, false), line(false, false)]);
  }

  /** The first of some lines, from long to short, that fits the terminal; without a terminal, the longest. */
  #fitting(lines: readonly string[]): string {
    const { columns = Infinity } = this.#options.stderr;
    return lines.find((line) => stripVTControlCharacters(line).length <= columns) ?? lines.at(-1)!;
  }

  /** Trials that start or are stopped get no line: progress bars and notices show them. */
  #trial(event: TrialEvent): void {
    if (event.state !== 'running' && event.state !== 'stopped') this.#line(trialLine(event, this.#style));
  }

  #line(text: string): void {
    this.#progress.clear();
    this.#options.stderr.write(`${cleanText(text)}\n`);
  }
}

/** Of one model its version, too. */
function servedNames({
  model,
  version,
  models,
}: {
  model: string;
  version: string;
  models: string[];
}): string {
  return models.length > 1 ? models.join(', ') : `${model} version ${version}`;
}

function threads(number: number | undefined): string {
  return number === 1 ? '1 thread' : `${number ?? 'all'} threads`;
}

function transferLine({ checkpoint, taken, fresh, frozen }: TransferEvent): string {
  const groups = [
    ['loaded', taken],
    ['initialised', fresh],
    ['frozen', frozen],
  ] as const;
  const layers = groups.flatMap(([what, names]) => (names.length > 0 ? `${what}: ${layersText(names)}` : []));
  return `weights from ${checkpoint}: ${layers.join('; ')}`;
}

/** Layers by name; of many, how many there are, the first and the last. */
function layersText(names: readonly string[]): string {
  const { length } = names;
  return length > MOST_LAYERS ? `${length} layers, ${names[0]} to ${names.at(-1)}` : names.join(', ');
}

function runLine(run: string, resumedFromEpoch: number | undefined, { bold }: Style): string {
  const resumed = resumedFromEpoch === undefined ? '' : `, resumed after epoch ${resumedFromEpoch}`;
  return `run ${bold(run)}${resumed}`;
}

/** The stack of an error and of its causes. */
function stackOf(error: unknown): string {
  const stacks: string[] = [];
  for (let current = error; current instanceof Error; current = current.cause) {
    stacks.push(current.stack ?? current.message);
  }
  return stacks.join('\ncaused by ');
}
