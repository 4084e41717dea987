import { ToolkitError } from '../../../core/errors.js';

/** Value counts of the first and the last column of a table without names. */
export class EndColumns {
  readonly #first = new Map<string, number>();
  readonly #last = new Map<string, number>();

  /** @param fields a record without row number columns */
  add(fields: readonly string[]): void {
    count(this.#first, fields[0]!);
    count(this.#last, fields.at(-1)!);
  }

  /** Which of the two is the label; undefined if the values are ambiguous. */
  decide(): 'first' | 'last' | undefined {
    const [first, last] = [isLabelLike(this.#first), isLabelLike(this.#last)];
    if (first !== last) return first ? 'first' : 'last';
    return undefined;
  }

  /**
   * The same after counting all records: a constant column is not the label unless both are constant; then it is the first one, as in
   * MNIST's tables. Throws SOURCE_REFUSED if both are possible.
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

/** More values than a label may have; limits memory for columns of measurements. */
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
  const entropy = [...values.values()].reduce(
    (sum, seen) => sum - (seen / total) * Math.log(seen / total),
    0,
  );
  return entropy > 0.5 * Math.log(values.size);
}
