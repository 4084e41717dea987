import type { CheckpointDescription } from '../../artifacts/checkpoint.js';

/** What feedback needs to know of a version. */
export type Described = Pick<CheckpointDescription, 'shape' | 'classNames'>;

/** A prediction that feedback may still come for. */
export interface RememberedPrediction {
  version: string;
  /** What that version says of itself; another one may have other classes. */
  described: Described;
  predicted: number;
  pixels: Uint8Array;
}

/** How much is remembered at a time. */
export interface MemoryLimits {
  predictions: number;
  /** Of all their pixels. */
  bytes: number;
}

interface Place {
  key: string;
  prediction: RememberedPrediction;
}

/** One caller's predictions. */
class OwnPredictions {
  readonly predictions = new Map<string, RememberedPrediction>();
  /** In the order in which they came: a Map finds its oldest entry the more slowly the more were deleted. */
  #order: Place[] = [];
  #first = 0;

  /** Also of those that were taken, until they are forgotten. */
  get size(): number {
    return this.#order.length - this.#first;
  }

  add(place: Place): void {
    this.predictions.set(place.key, place.prediction);
    this.#order.push(place);
  }

  /** Forgets the oldest; returns how many pixels it had. */
  forgetOldest(): number {
    const { key, prediction } = this.#order[this.#first++]!;
    // Unless it was taken, or another one has come under the same id.
    if (this.predictions.get(key) === prediction) this.predictions.delete(key);
    if (this.#first > this.#order.length / 2) {
      this.#order = this.#order.slice(this.#first);
      this.#first = 0;
    }
    return prediction.pixels.length;
  }
}

/**
 * The latest predictions of each caller, by the request's id and the image's place in it. Where there are too many, those of the caller
 * with the most are forgotten, the oldest first: nobody pushes out what others may still label.
 */
export class PredictionMemory {
  readonly #limits: MemoryLimits;
  readonly #owners = new Map<string, OwnPredictions>();
  #count = 0;
  #bytes = 0;

  constructor(limits: MemoryLimits) {
    this.#limits = limits;
  }

  remember(owner: string, id: string, index: number, prediction: RememberedPrediction): void {
    let own = this.#owners.get(owner);
    if (!own) this.#owners.set(owner, (own = new OwnPredictions()));
    own.add({ key: `${id}/${index}`, prediction });
    this.#count++;
    this.#bytes += prediction.pixels.length;
    while (this.#count > this.#limits.predictions || this.#bytes > this.#limits.bytes) this.#forgetOne(owner);
  }

  has(owner: string, id: string, index: number): boolean {
    return this.#owners.get(owner)?.predictions.has(`${id}/${index}`) ?? false;
  }

  /** Takes a caller's own prediction out: it is labelled once. */
  take(owner: string, id: string, index: number): RememberedPrediction | undefined {
    const predictions = this.#owners.get(owner)?.predictions;
    const key = `${id}/${index}`;
    const found = predictions?.get(key);
    predictions?.delete(key);
    return found;
  }

  /** Puts a prediction back whose label could not be stored. */
  putBack(owner: string, id: string, index: number, prediction: RememberedPrediction): void {
    const predictions = this.#owners.get(owner)?.predictions;
    const key = `${id}/${index}`;
    // Another one may have come under the same id.
    if (predictions && !predictions.has(key)) predictions.set(key, prediction);
  }

  #forgetOne(latest: string): void {
    const share = this.#count / this.#owners.size;
    // Whoever has more than his share pays for what he adds; only else the greatest has to be looked for.
    const owner = (this.#owners.get(latest)?.size ?? 0) > share ? latest : this.#greatest();
    const own = this.#owners.get(owner)!;
    this.#bytes -= own.forgetOldest();
    this.#count--;
    if (own.size === 0) this.#owners.delete(owner);
  }

  #greatest(): string {
    let found = { owner: '', size: -1 };
    for (const [owner, { size }] of this.#owners) if (size > found.size) found = { owner, size };
    return found.owner;
  }
}
