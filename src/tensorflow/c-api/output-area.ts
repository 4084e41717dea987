import type { Address, TensorFlowApi } from './c-api.js';
import { koffi } from './ffi.js';

/** More outputs than almost every call has; unstacking and splitting can have any number. */
const USUAL_OUTPUTS = 64;
const ADDRESS_BYTES = 8;
const WORD = 2 ** 32;

/** Native memory for the addresses of an operation's outputs and their number: passing its address costs less than an array does. */
export class OutputArea {
  readonly #api: TensorFlowApi;
  #capacity = 0;
  #words = new Uint32Array();
  /** Where the number of the outputs is. */
  count: Address = 0;
  /** Where their addresses are. */
  outputs: Address = 0;

  constructor(api: TensorFlowApi) {
    this.#api = api;
    this.#reserve(USUAL_OUTPUTS);
  }

  /** Makes room for so many outputs, all of them 0. */
  prepare(count: number): void {
    if (count > this.#capacity) this.#reserve(count);
    this.#words.fill(0, 2, 2 + 2 * count);
    this.#words[0] = count;
  }

  /** How many there are. */
  get length(): number {
    return this.#words[0]!;
  }

  /** The address of an output; 0 if there is none. */
  at(index: number): Address {
    return this.#words[2 + 2 * index]! + this.#words[3 + 2 * index]! * WORD;
  }

  /** Memory that was too small stays: it is not known who still looks at it. */
  #reserve(capacity: number): void {
    const bytes = (capacity + 1) * ADDRESS_BYTES;
    const memory = this.#api.malloc(bytes);
    this.#words = new Uint32Array(koffi.view(memory, bytes));
    this.#capacity = capacity;
    this.count = Number(memory);
    this.outputs = this.count + ADDRESS_BYTES;
  }
}
