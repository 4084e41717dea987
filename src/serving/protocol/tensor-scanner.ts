import { HttpError } from '../http-errors.js';
import { NumberLists, type ListedNumbers } from './number-lists.js';

/** A request's JSON, its tensor taken out. */
export interface ScannedRequest {
  /** The JSON, with an empty list in place of the input's data. */
  json: Uint8Array;
  /** The input's data, if it has any. */
  data: ListedNumbers | undefined;
}

/** Everything but the tensor: a real request has some hundred bytes. */
const MAX_HEAD_BYTES = 64 * 1024;
/** Parsing so many bytes takes less than a millisecond. */
const CHUNK_BYTES = 128 * 1024;
const MAX_DEPTH = 16;
const EMPTY_LIST = Buffer.from('[]');

const [QUOTE, BACKSLASH, COLON, SPACE] = [0x22, 0x5c, 0x3a, 0x20];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Takes the tensor out of an inference request, in turns that let other requests through: JSON.parse would stop the event loop for
 * a second over 8 MiB of lists. What is left is short, and safe to parse. Throws BAD_REQUEST or BODY_TOO_LARGE.
 *
 * @param maxValues how many numbers the tensor may have
 */
export async function scanRequest(bytes: Uint8Array, maxValues: number): Promise<ScannedRequest> {
  const scanner = new RequestScanner(bytes, maxValues);
  for (let end = CHUNK_BYTES; !scanner.scan(end); end += CHUNK_BYTES) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  return scanner.result();
}

class RequestScanner {
  readonly #bytes: Uint8Array;
  readonly #maxValues: number;
  readonly #head: Uint8Array[] = [];
  #headBytes = 0;
  /** Where the part of the head that is being read begins. */
  #from = 0;
  #at = 0;
  /** The objects and lists that are open, by their first byte. */
  readonly #open: number[] = [];
  /** Where the string that is open, or was open last, begins and ends. */
  #text = { from: 0, to: 0 };
  #isInString = false;
  #isValueOfKey = false;
  #key = '';
  #topKey = '';
  #data: NumberLists | undefined;

  constructor(bytes: Uint8Array, maxValues: number) {
    this.#bytes = bytes;
    this.#maxValues = maxValues;
  }

  /** Reads until some byte; whether everything has been read. */
  scan(end: number): boolean {
    const last = Math.min(end, this.#bytes.length);
    while (this.#at < last) {
      if (this.#data?.isOpen === true) this.#readData(last);
      else if (this.#isInString) this.#readString();
      else this.#readHead(this.#bytes[this.#at]!);
      if (this.#headBytes + this.#at - this.#from > MAX_HEAD_BYTES && this.#data?.isOpen !== true) {
        throw new HttpError(
          'BODY_TOO_LARGE',
          `the request’s JSON has more than ${MAX_HEAD_BYTES} bytes beside its data`,
        );
      }
    }
    return this.#at >= this.#bytes.length;
  }

  result(): ScannedRequest {
    if (this.#data?.isOpen === true) throw new HttpError('BAD_REQUEST', 'the request is not JSON');
    this.#keepHead();
    return { json: Buffer.concat(this.#head), data: this.#data?.result() };
  }

  #readString(): void {
    const byte = this.#bytes[this.#at]!;
    if (byte === BACKSLASH) this.#at++;
    else if (byte === QUOTE) {
      this.#isInString = false;
      this.#text.to = this.#at;
    }
    this.#at++;
  }

  #readHead(byte: number): void {
    if (byte === OPEN_LIST && this.#isDataNext()) {
      this.#beginData();
      return;
    }
    this.#at++;
    if (byte <= SPACE) return;
    this.#isValueOfKey = byte === COLON;
    if (byte === QUOTE) {
      this.#isInString = true;
      this.#text.from = this.#at;
    } else if (byte === COLON) this.#takeKey();
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      this.#open.push(byte);
      if (this.#open.length > MAX_DEPTH)
        throw new HttpError('BAD_REQUEST', 'the request is nested too deeply');
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) this.#open.pop();
  }

  #takeKey(): void {
    const { from, to } = this.#text;
    this.#key = Buffer.from(this.#bytes.subarray(from, Math.min(to, from + 16))).toString('latin1');
    if (this.#open.length === 1) this.#topKey = this.#key;
  }

  /** Whether the list that begins is the value of `inputs[…].data`. */
  #isDataNext(): boolean {
    if (!this.#isValueOfKey || this.#key !== 'data' || this.#topKey !== 'inputs') return false;
    const [object, list, input] = this.#open;
    return this.#open.length === 3 && object === OPEN_OBJECT && list === OPEN_LIST && input === OPEN_OBJECT;
  }

  #beginData(): void {
    if (this.#data) throw new HttpError('BAD_REQUEST', 'the request has data more than once');
    this.#keepHead();
    this.#head.push(EMPTY_LIST);
    this.#isValueOfKey = false;
    this.#data = new NumberLists(this.#bytes, this.#maxValues);
  }

  #readData(end: number): void {
    this.#at = this.#data!.read(this.#at, end);
    this.#from = this.#at;
  }

  #keepHead(): void {
    const part = this.#bytes.subarray(this.#from, this.#at);
    this.#headBytes += part.length;
    this.#head.push(part);
    this.#from = this.#at;
  }
}
