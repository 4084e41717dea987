import { HttpError } from '../http-errors.js';

interface Place {
  owner: string;
  lastUsed: number;
}

/** Keys that were used within this time are not removed for those of others. */
const IN_USE_MS = 10 * 60_000;

/** Which keys are held and whose they are: some tens of megabytes each, so their number is limited. */
export class KeyPlaces {
  readonly #most: number;
  readonly #now: () => number;
  readonly #places = new Map<string, Place>();

  constructor(most: number, now: () => number = () => performance.now()) {
    this.#most = most;
    this.#now = now;
  }

  /** How many keys are held. */
  get size(): number {
    return this.#places.size;
  }

  /**
   * Finds a place for keys; returns those that have to make room: the caller's own where it has half of all places, else those
   * that nobody has used for a while. Throws OVERLOADED where there are none, and CONFLICT for the id of another caller's keys.
   */
  requirePlace(key: string, owner: string): string | undefined {
    const known = this.#places.get(key);
    if (known && known.owner !== owner)
      throw new HttpError('CONFLICT', 'the keys of this id belong to another caller');
    if (known) return undefined;
    const own = this.#oldest((place) => place.owner === owner);
    const ownCount = [...this.#places.values()].filter((place) => place.owner === owner).length;
    if (own !== undefined && ownCount >= Math.max(1, Math.floor(this.#most / 2))) return own;
    if (this.size < this.#most) return undefined;
    const unused = this.#oldest(({ lastUsed }) => this.#now() - lastUsed > IN_USE_MS) ?? own;
    if (unused !== undefined) return unused;
    throw new HttpError('OVERLOADED', `all ${this.#most} places for keys are in use; try again later`);
  }

  /** Keys have been loaded. */
  put(key: string, owner: string): void {
    this.#places.set(key, { owner, lastUsed: this.#now() });
  }

  /** Notes that keys are used. Throws NOT_FOUND where the caller has none of this id. */
  use(key: string, owner: string): void {
    const place = this.#places.get(key);
    if (place?.owner !== owner) {
      throw new HttpError(
        'NOT_FOUND',
        `the evaluation keys ${key} are not here; send them to /encrypted/keys first`,
      );
    }
    place.lastUsed = this.#now();
  }

  remove(key: string): void {
    this.#places.delete(key);
  }

  clear(): void {
    this.#places.clear();
  }

  #oldest(isMeant: (place: Place) => boolean): string | undefined {
    const found = [...this.#places].filter(([, place]) => isMeant(place));
    return found.sort(([, a], [, b]) => a.lastUsed - b.lastUsed)[0]?.[0];
  }
}
