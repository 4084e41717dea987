import { ToolkitError } from '../../../core/errors.js';

const MAX_CLASSES = 256;

/** The classes of a source, in the order in which they turn up; their final numbers follow from their names. */
export class ClassTable {
  readonly #source: string;
  readonly #known: readonly string[] | undefined;
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];
  #images = 0;

  /**
   * @param source how errors name it
   * @param known the classes in their order, where the source knows them
   */
  constructor(source: string, known?: readonly string[]) {
    this.#source = source;
    this.#known = known;
    for (const name of known ?? []) this.#add(name);
  }

  /** How many images have been given a number. */
  get images(): number {
    return this.#images;
  }

  /** The number of a class for now, and one image more of it. Throws SOURCE_REFUSED where there are too many classes. */
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

  /** The name behind a number of `numberOf`. */
  nameOf(number: number): string {
    return this.#names[number]!;
  }

  /** The names in their final order: that of the source, if it has one; as numbers where all are, so that "10" comes after "9"; else letter by letter. */
  sortedNames(): string[] {
    if (this.#known) return [...this.#known];
    const areNumbers = this.#names.every((name) => /^-?\d{1,15}$/.test(name));
    return [...this.#names].sort((a, b) => (areNumbers && Number(a) - Number(b)) || (a < b ? -1 : 1));
  }

  /** For each number of `numberOf`, the final one. */
  order(): Uint8Array {
    const places = new Map(this.sortedNames().map((name, place) => [name, place]));
    return Uint8Array.from(this.#names, (name) => places.get(name)!);
  }
}
