import { ToolkitError } from '../../../core/errors.js';

/** How often each value occurs in the first and in the last column of a table without names. */
export class EndColumns {
  readonly #first = new Map<string, number>();
  readonly #last = new Map<string, number>();

  /** @param fields a record from its first column that is not a row number on */
  add(fields: readonly string[]): void {
    count(this.#first, fields[0]!);
    count(this.#last, fields.at(-1)!);
  }

  /** Which of the two holds the labels; undefined where the values do not tell. */
  decide(): 'first' | 'last' | undefined {
    const [first, last] = [isLabelLike(this.#first), isLabelLike(this.#last)];
    if (first !== last) return first ? 'first' : 'last';
    return undefined;
  }

  /**
   * The same once all records are counted: a column of one value alone is no label beside one of several; where both are constant, the
   * label stands first, as in MNIST's tables. Throws SOURCE_REFUSED where both may be.
   */
  decideFinally(path: string): 'first' | 'last' {
    const decided = this.decide();
    if (decided) return decided;
    if (this.#last.size <= 1) return 'first';
    if (this.#first.size <= 1) return 'last';
    const hint = 'name the columns in its first line: "label" and, for example, "pixel0" to "pixel783"';
    const reason = 'it has no names of columns, and its first and its last column may both be the label';
    throw new ToolkitError('SOURCE_REFUSED', { path, reason, hint });
  }
}

/** More than a label may have, so that a column of measurements needs no more memory. */
const MAX_VALUES = 300;

function count(values: Map<string, number>, text: string): void {
  const number = Number(text.replace(',', '.'));
  const key = Number.isNaN(number) ? text.trim() : String(number);
  const seen = values.get(key);
  if (seen !== undefined || values.size < MAX_VALUES) values.set(key, (seen ?? 0) + 1);
}

/** Classes are numbered without gaps from 0 or 1, and none has nearly all images; pixels are mostly background. */
function isLabelLike(values: ReadonlyMap<string, number>): boolean {
  if (values.size < 2 || values.size > 256) return false;
  const numbers = [...values.keys()].map(Number);
  if (!numbers.every(Number.isInteger)) return false;
  const least = Math.min(...numbers);
  if ((least !== 0 && least !== 1) || Math.max(...numbers) - least + 1 !== values.size) return false;
  const total = [...values.values()].reduce((sum, seen) => sum + seen, 0);
  const entropy = [...values.values()].reduce((sum, seen) => sum - (seen / total) * Math.log(seen / total), 0);
  return entropy > 0.5 * Math.log(values.size);
}
