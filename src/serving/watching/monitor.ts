import { indexOfMaximum } from '../../evaluation/probabilities.js';
import { HttpError } from '../http-errors.js';
import { DriftDetector, type Drift } from './drift.js';
import { FeedbackFile, type FeedbackFileOptions } from './feedback-file.js';
import { LiveAccuracy } from './live-accuracy.js';
import type { MonitorMetrics, Watched } from './monitor-metrics.js';
import { PredictionMemory, type Described, type RememberedPrediction } from './prediction-memory.js';
import type { Reference } from './reference.js';
import { rowOf } from '../../core/images.js';

export interface MonitorOptions {
  /** The name of the model that is watched. */
  model: string;
  /** Images over which drift and live accuracy are measured. */
  window: number;
  /** Where labelled images are kept; undefined keeps none. */
  feedback: FeedbackFileOptions | undefined;
  /** The live accuracy below which the alert is raised. */
  minAccuracy: number | undefined;
}

/** One request, when it has been classified. */
export interface ClassifiedRequest {
  /** Who sent it: nobody else may label its images. */
  owner: string;
  requestId: string;
  version: string;
  described: Described;
  pixels: Uint8Array;
  classes: Int32Array;
  logits: Float32Array;
}

/** What a caller says that an image shows. */
export interface Label {
  owner: string;
  /** The request's id, and the image's place in it. */
  id: string;
  index: number;
  /** The class: its name or number. */
  label: string | number;
}

/** What became of a label. */
export interface Labelled {
  /** The version that classified the image, and its names for what it predicted and for the label. */
  version: string;
  predicted: string;
  label: string;
  correct: boolean;
}

/** Predictions that wait for feedback: some 8 MB of MNIST images. */
const REMEMBERED = { predictions: 10_000, bytes: 64 * 2 ** 20 };
/** The least number of labelled images that an accuracy is judged by. */
const LEAST_LABELS = 20;
/** Images of one request that are monitored at most: the rest of a bulk job would cost time and tell little. */
const MAX_IMAGES_A_REQUEST = 16;

/** Monitors a model's inputs and predictions for drift, and its live accuracy from feedback. */
export class Monitor implements Watched {
  readonly #options: MonitorOptions;
  readonly #memory = new PredictionMemory(REMEMBERED);
  readonly #accuracy: LiveAccuracy;
  readonly #file: FeedbackFile | undefined;
  readonly #metrics: MonitorMetrics;
  #drift: DriftDetector | undefined;

  constructor(options: MonitorOptions, metrics: MonitorMetrics) {
    this.#options = options;
    this.#accuracy = new LiveAccuracy(options.window);
    if (options.feedback) this.#file = new FeedbackFile(options.feedback);
    this.#metrics = metrics;
    metrics.watch(this);
  }

  get model(): string {
    return this.#options.model;
  }

  /** Whether a caller has a prediction that still waits for a label. */
  remembers(owner: string, id: string, index: number): boolean {
    return this.#memory.has(owner, id, index);
  }

  /** Begins to compare with some training data, anew; undefined ends it. */
  compareWith(reference: Reference | undefined): void {
    this.#drift = reference && new DriftDetector(reference, this.#options.window);
  }

  record({ owner, requestId, version, described, pixels, classes, logits }: ClassifiedRequest): void {
    const size = pixels.length / classes.length;
    const width = logits.length / classes.length;
    const count = Math.min(classes.length, MAX_IMAGES_A_REQUEST);
    for (let row = 0; row < count; row++) {
      // A copy: a view would keep the whole body of the request in memory, and `slice` of a Buffer is a view.
      const image = new Uint8Array(rowOf(pixels, row, size));
      const predicted = classes[row]!;
      this.#memory.remember(owner, requestId, row, { version, described, predicted, pixels: image });
      this.#drift?.record(image, predicted, confidenceOf(rowOf(logits, row, width)));
    }
  }

  /**
   * Records the true label of an image, a class of the version that classified it. Throws NOT_FOUND where the caller has no such
   * prediction, or it is no longer remembered, BAD_REQUEST for another label, and FEEDBACK_FULL where it cannot be stored.
   */
  async label({ owner, id, index, label: given }: Label): Promise<Labelled> {
    const remembered = this.#memory.take(owner, id, index);
    if (!remembered) {
      const message = 'you have no such prediction, it is no longer remembered, or it already has a label';
      throw new HttpError('NOT_FOUND', message);
    }
    const { version, predicted, described } = remembered;
    const { classNames } = described;
    try {
      const label = classOf(given, classNames);
      await this.#store({ owner, id, index, label }, remembered);
      const correct = predicted === label;
      this.#accuracy.record(version, correct);
      this.#metrics.feedback.inc({ model: this.model, version, correct: String(correct) });
      return { version, predicted: classNames[predicted]!, label: classNames[label]!, correct };
    } catch (error) {
      this.#memory.putBack(owner, id, index, remembered);
      throw error;
    }
  }

  async #store(
    { owner, label, ...place }: { owner: string; id: string; index: number; label: number },
    { version, predicted, described, pixels }: RememberedPrediction,
  ): Promise<void> {
    const { classNames, shape } = described;
    await this.#file?.append({
      ...{ time: new Date().toISOString(), caller: owner, ...place, version, predicted },
      ...{ label, labelName: classNames[label]!, classNames, shape, image: pixels },
    });
  }

  /** Drift and live accuracy now. */
  status(): { images: number; drift: Drift[]; accuracy: ReturnType<LiveAccuracy['measure']> } {
    return {
      images: this.#drift?.count ?? 0,
      drift: this.#drift?.measure() ?? [],
      accuracy: this.#accuracy.measure(),
    };
  }

  isLow(n: number, accuracy: number): boolean {
    const { minAccuracy } = this.#options;
    return minAccuracy !== undefined && n >= LEAST_LABELS && accuracy < minAccuracy;
  }
}

/** The number of the class that a label names. Throws BAD_REQUEST where it names none. */
function classOf(label: string | number, classNames: readonly string[]): number {
  const number = typeof label === 'number' ? label : classNames.indexOf(label);
  if (classNames[number] !== undefined) return number;
  throw new HttpError('BAD_REQUEST', `label must be one of ${classNames.join(', ')}, or its number`);
}

/** The probability of the likeliest class. */
export function confidenceOf(logits: Float32Array): number {
  const maximum = logits[indexOfMaximum(logits)]!;
  return 1 / logits.reduce((sum, logit) => sum + Math.exp(logit - maximum), 0);
}
