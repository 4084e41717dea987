import { closest, distance } from 'fastest-levenshtein';

/** The name and summary of a plug-in. */
export interface Named<Name extends string = string> {
  readonly name: Name;
  /** One line for lists and help. */
  readonly summary: string;
}

/** The registries that take plug-ins from outside, by kind. */
const openRegistries = new Map<string, Registry<Named>>();

/** The registry of a kind that takes plug-ins from outside; undefined if there is none, or none is loaded. */
export function openRegistry(kind: string): Registry<Named> | undefined {
  return openRegistries.get(kind);
}

/** Where a plug-in from outside comes from. */
export interface PluginOrigin {
  /** Its file or package, as the user named it. */
  readonly module: string;
  /** The hash of its file, and of those that it imports by relative paths. */
  readonly sha256: string;
  /** Whether it may stand in for a file with another hash. */
  readonly acceptsChanges: boolean;
}

/** The plug-ins of one kind, by name: our own, and those that a user adds. */
export class Registry<Entry extends Named> implements Iterable<Entry> {
  readonly kind: string;
  /** The functions that an entry from outside must have; undefined if none is taken. */
  readonly calls: readonly string[] | undefined;
  readonly #entries: Map<string, Entry>;
  readonly #origins = new Map<string, PluginOrigin>();

  /**
   * @param kind the kind of its entries, for messages: "model"
   * @param calls the functions that an entry must have; if given, users can add entries
   */
  constructor(kind: string, entries: readonly Entry[], calls?: readonly string[]) {
    this.kind = kind;
    this.calls = calls;
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]));
    if (this.#entries.size !== entries.length)
      throw new Error(`two entries of the ${kind} registry share a name`);
    if (calls) openRegistries.set(kind, this);
  }

  /** Adds a checked plug-in from outside; the same one may be added again. */
  add(entry: Entry, origin: PluginOrigin): void {
    this.#entries.set(entry.name, entry);
    this.#origins.set(entry.name, origin);
  }

  /** Removes a plug-in from outside that does not fit. */
  remove(name: string): void {
    if (this.#origins.delete(name)) this.#entries.delete(name);
  }

  /** The origin of a plug-in from outside; undefined for our own. */
  originOf(name: string): PluginOrigin | undefined {
    return this.#origins.get(name);
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
