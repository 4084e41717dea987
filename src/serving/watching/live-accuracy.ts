import { NumberWindow } from './window.js';

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
