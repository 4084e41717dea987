import { HttpError } from '../http-errors.js';
import { requirePixel } from './pixels.js';

/** The numbers of nested lists, as pixels. */
export interface ListedNumbers {
  values: Uint8Array;
  /** How many lists lie in one another. */
  depth: number;
  /** Whether lists at the same depth have the same length, and all numbers lie at the same depth. */
  isUniform: boolean;
}

/** As many dimensions as the shape of a request may have. */
const MAX_DEPTH = 8;
/** Longer than any number that a program writes. */
const MAX_NUMBER_BYTES = 512;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

const [COMMA, OPEN, CLOSE, MINUS, SPACE, ZERO, NINE] = [0x2c, 0x5b, 0x5d, 0x2d, 0x20, 0x30, 0x39];

/** Reads nested JSON lists of numbers from bytes, in as many turns as one likes. */
export class NumberLists {
  readonly #bytes: Uint8Array;
  readonly #maxValues: number;
  #values = new Uint8Array(1024);
  #count = 0;
  /** How many values each open list has, from the outermost in. */
  readonly #counts: number[] = [];
  /** How many values the first list at each depth had. */
  readonly #lengths: (number | undefined)[] = [];
  #leafDepth: number | undefined;
  #isUniform = true;
  /** Whether a value must come next; a list may also end where it has just begun. */
  #isValueNext = true;
  #hasBegun = false;

  constructor(bytes: Uint8Array, maxValues: number) {
    this.#bytes = bytes;
    this.#maxValues = maxValues;
  }

  /** Whether the outermost list has not ended. */
  get isOpen(): boolean {
    return !this.#hasBegun || this.#counts.length > 0;
  }

  /**
   * Reads from one byte until about another; returns where it stopped. Throws BAD_REQUEST where a value is no pixel, and
   * BODY_TOO_LARGE where there are too many.
   */
  read(from: number, end: number): number {
    let at = from;
    while (at < end && this.isOpen) {
      const byte = this.#bytes[at]!;
      if (byte <= SPACE) at++;
      else if ((byte >= ZERO && byte <= NINE) || byte === MINUS) at = this.#readNumber(at);
      else {
        this.#readMark(byte);
        at++;
      }
    }
    return at;
  }

  /** What was read; complete where the list has ended. */
  result(): ListedNumbers {
    const depth = this.#lengths.length;
    const isUniform = this.#isUniform && (this.#leafDepth ?? depth) === depth;
    return { values: this.#values.subarray(0, this.#count), depth, isUniform };
  }

  #readMark(byte: number): void {
    if (byte === OPEN && this.#isValueNext) this.#open();
    else if (byte === CLOSE && (!this.#isValueNext || this.#counts.at(-1) === 0)) this.#close();
    else if (byte === COMMA && !this.#isValueNext) this.#isValueNext = true;
    else throw new HttpError('BAD_REQUEST', 'data must be lists of numbers from 0 to 255');
  }

  #open(): void {
    if (this.#hasBegun) this.#countValue();
    this.#hasBegun = true;
    this.#counts.push(0);
    this.#isValueNext = true;
    const depth = this.#counts.length;
    if (depth > MAX_DEPTH) throw new HttpError('BAD_REQUEST', 'data is nested too deeply');
    if (depth > this.#lengths.length) this.#lengths.push(undefined);
  }

  #close(): void {
    const length = this.#counts.pop()!;
    const depth = this.#counts.length;
    this.#lengths[depth] ??= length;
    if (this.#lengths[depth] !== length) this.#isUniform = false;
    this.#isValueNext = false;
  }

  #countValue(): void {
    this.#counts[this.#counts.length - 1]!++;
  }

  #readNumber(from: number): number {
    if (!this.#isValueNext) throw new HttpError('BAD_REQUEST', 'the request is not JSON');
    const bytes = this.#bytes;
    let at = from;
    let value = 0;
    while (bytes[at]! >= ZERO && bytes[at]! <= NINE && at - from < 3)
      value = value * 10 + bytes[at++]! - ZERO;
    const next = bytes[at];
    const isPlain =
      at > from && (next === COMMA || next === CLOSE) && (bytes[from] !== ZERO || at === from + 1);
    if (isPlain) this.#add(value);
    else at = this.#readLongNumber(from);
    return at;
  }

  #readLongNumber(from: number): number {
    let at = from;
    while (at < this.#bytes.length && isOfNumber(this.#bytes[at]!) && at - from <= MAX_NUMBER_BYTES) at++;
    const text = Buffer.from(this.#bytes.subarray(from, at)).toString('latin1');
    if (!NUMBER.test(text)) throw new HttpError('BAD_REQUEST', 'the request is not JSON');
    this.#add(Number(text));
    return at;
  }

  #add(value: number): void {
    const depth = this.#counts.length;
    if (depth !== (this.#leafDepth ??= depth)) this.#isUniform = false;
    if (this.#count === this.#maxValues) {
      throw new HttpError('BODY_TOO_LARGE', `data has more than the ${this.#maxValues} values that may wait`);
    }
    if (this.#count === this.#values.length) this.#grow();
    this.#values[this.#count++] = requirePixel(value);
    this.#countValue();
    this.#isValueNext = false;
  }

  #grow(): void {
    const larger = new Uint8Array(2 * this.#values.length);
    larger.set(this.#values);
    this.#values = larger;
  }
}

/** Whether a byte can be part of a number: a digit, a sign, a point or an exponent. */
function isOfNumber(byte: number): boolean {
  return (byte >= ZERO && byte <= NINE) || '+-.eE'.includes(String.fromCharCode(byte));
}
