/** The latest numbers, up to a capacity. */
export class NumberWindow {
  readonly #values: Float64Array;
  #next = 0;
  #count = 0;

  constructor(capacity: number) {
    this.#values = new Float64Array(capacity);
  }

  get count(): number {
    return this.#count;
  }

  push(value: number): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.#values.length;
    this.#count = Math.min(this.#count + 1, this.#values.length);
  }

  /** What is in it, in no particular order. */
  values(): Float64Array {
    return this.#values.subarray(0, this.#count);
  }

  mean(): number {
    return this.values().reduce((sum, value) => sum + value, 0) / this.#count;
  }
}
