import { ToolkitError } from '../../../core/errors.js';

const MAX_CLASSES = 256;

/** The classes of a source, in order of appearance; their final numbers follow from their names. */
export class ClassTable {
  readonly #source: string;
  readonly #known: readonly string[] | undefined;
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];
  #images = 0;

  /**
   * @param source its name in errors
   * @param known the ordered classes, if the source defines them
   */
  constructor(source: string, known?: readonly string[]) {
    this.#source = source;
    this.#known = known;
    for (const name of known ?? []) this.#add(name);
  }

  /** The number of counted images. */
  get images(): number {
    return this.#images;
  }

  /** Counts an image of a class, and returns the provisional number of the class. Throws SOURCE_REFUSED for too many classes. */
  numberOf(name: string): number {
    this.#images++;
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    if (this.#names.length === MAX_CLASSES) {
      const reason = `more than ${MAX_CLASSES} classes: "${this.#names[0]}", "${this.#names[1]}" … "${name}"`;
      const hint =
        'a label is one byte; check that the labels are classes and not measurements or names of files';
      throw new ToolkitError('SOURCE_REFUSED', { path: this.#source, reason, hint });
    }
    return this.#add(name);
  }

  #add(name: string): number {
    this.#numbers.set(name, this.#names.length);
    return this.#names.push(name) - 1;
  }

  /** The name of a provisional number. */
  nameOf(number: number): string {
    return this.#names[number]!;
  }

  /** The names in final order: that of the source, if defined; numeric if all are numbers; else by code units. */
  sortedNames(): string[] {
    if (this.#known) return [...this.#known];
    const areNumbers = this.#names.every((name) => /^-?\d{1,15}$/.test(name));
    return [...this.#names].sort((a, b) => (areNumbers && Number(a) - Number(b)) || (a < b ? -1 : 1));
  }

  /** The final number of each provisional number. */
  order(): Uint8Array {
    const places = new Map(this.sortedNames().map((name, place) => [name, place]));
    return Uint8Array.from(this.#names, (name) => places.get(name)!);
  }
}
