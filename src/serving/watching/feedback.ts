import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';

import { encodeFeedback, FEEDBACK_FILE, type FeedbackRecord } from '../../artifacts/feedback.js';
import { makeFolder, storageError } from '../../core/files.js';
import { NumberWindow } from './window.js';

/** A prediction that feedback may still come for. */
export interface RememberedPrediction {
  version: string;
  predicted: number;
  pixels: Uint8Array;
}

/** The latest predictions, by the request's id and the image's place in it. */
export class PredictionMemory {
  readonly #capacity: number;
  readonly #predictions = new Map<string, RememberedPrediction>();
  /** In the order in which they came, in a circle: a Map finds its oldest entry the more slowly the more were deleted. */
  readonly #order: { key: string; prediction: RememberedPrediction }[] = [];
  #next = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  remember(id: string, index: number, prediction: RememberedPrediction): void {
    const key = `${id}/${index}`;
    const oldest = this.#order[this.#next];
    // Unless it was taken, or another one has come under the same id.
    if (oldest && this.#predictions.get(oldest.key) === oldest.prediction)
      this.#predictions.delete(oldest.key);
    this.#predictions.set(key, prediction);
    this.#order[this.#next] = { key, prediction };
    this.#next = (this.#next + 1) % this.#capacity;
  }

  /** Takes a prediction out: it is answered once. */
  take(id: string, index: number): RememberedPrediction | undefined {
    const key = `${id}/${index}`;
    const found = this.#predictions.get(key);
    this.#predictions.delete(key);
    return found;
  }
}

/** The accuracy of each version, over the latest images that people have labelled. */
export class LiveAccuracy {
  readonly #capacity: number;
  readonly #windows = new Map<string, NumberWindow>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  record(version: string, isCorrect: boolean): void {
    let window = this.#windows.get(version);
    if (!window) this.#windows.set(version, (window = new NumberWindow(this.#capacity)));
    window.push(isCorrect ? 1 : 0);
  }

  /** How many labelled images each version has, and the share that it got right. */
  measure(): { version: string; n: number; accuracy: number }[] {
    return [...this.#windows].map(([version, window]) => ({
      version,
      n: window.count,
      accuracy: window.mean(),
    }));
  }
}

/** Keeps labelled images for the next training, a line each, in the order in which they came. */
export class FeedbackFile {
  readonly #folder: string;
  #last: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Fulfilled when it is in the file. Throws STORAGE_FULL or STORAGE_DENIED. */
  append(record: FeedbackRecord): Promise<void> {
    const write = async (): Promise<void> => {
      const path = join(this.#folder, FEEDBACK_FILE);
      try {
        await makeFolder(this.#folder);
        await appendFile(path, encodeFeedback(record), { mode: 0o600 });
      } catch (error) {
        throw storageError(error, path);
      }
    };
    const mine = this.#last.then(write);
    // One line that failed must not keep the next from being written.
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
