import { closest, distance } from 'fastest-levenshtein';

/** The name and summary of a plug-in. */
export interface Named<Name extends string = string> {
  readonly name: Name;
  /** One line for lists and help. */
  readonly summary: string;
}

/** The plug-ins of one kind, by name. */
export class Registry<Entry extends Named> implements Iterable<Entry> {
  readonly kind: string;
  readonly #entries: ReadonlyMap<string, Entry>;

  /** @param kind the kind of its entries, for messages: "model" */
  constructor(kind: string, entries: readonly Entry[]) {
    this.kind = kind;
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]));
    if (this.#entries.size !== entries.length)
      throw new Error(`two entries of the ${kind} registry share a name`);
  }

  get names(): string[] {
    return [...this.#entries.keys()];
  }

  get(name: string): Entry | undefined {
    return this.#entries.get(name);
  }

  /** The entry of a validated name. Throws if there is none, which is a bug. */
  require(name: string): Entry {
    const entry = this.get(name);
    if (!entry) throw new Error(`there is no ${this.kind} "${name}"`);
    return entry;
  }

  [Symbol.iterator](): Iterator<Entry> {
    return this.#entries.values();
  }
}

/** The candidate closest to a mistyped word; undefined if more than a third of the letters, rounded up, differ. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined;
  const found = closest(word, candidates);
  return isNear(word, found) ? found : undefined;
}

function isNear(word: string, candidate: string): boolean {
  return distance(word, candidate) <= Math.ceil(Math.max(word.length, candidate.length) / 3);
}
