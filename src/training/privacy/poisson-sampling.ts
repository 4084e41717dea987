import type { FillRandomly } from './secret-random.js';

/** The bytes of a probability as a binary fraction. */
const DIGITS = 6;

/**
 * Draws a sample of images, each with the same probability and independent of the others (Poisson sampling): the number of images differs
 * from sample to sample. The probability is rounded down to a multiple of 2⁻⁴⁸, at the very most.
 *
 * A random number below 1 is compared with the probability digit by digit, in base 256: nearly always the first digit decides, so that an
 * image takes a byte.
 */
export class PoissonSampler {
  readonly #images: Int32Array;
  readonly #digits: Uint8Array;
  readonly #isEach: boolean;
  readonly #fill: FillRandomly;
  readonly #first: Uint8Array;
  readonly #next = new Uint8Array(1);
  readonly #chosen: Int32Array;

  /** @param images the indices of the images to draw from */
  constructor(images: Int32Array, probability: number, fill: FillRandomly) {
    this.#images = images;
    this.#isEach = probability >= 1;
    this.#digits = digitsOf(probability);
    this.#fill = fill;
    this.#first = new Uint8Array(images.length);
    this.#chosen = new Int32Array(images.length);
  }

  /** The indices of the images in a sample, in their order. */
  draw(): Int32Array {
    if (this.#isEach) return this.#images.slice();
    // Locals: this loop is run for every image there is, in every step.
    const [first, images] = [this.#first, this.#images];
    const [digit = 0] = this.#digits;
    this.#fill(first);
    let count = 0;
    for (let place = 0; place < first.length; place++) {
      const drawn = first[place]!;
      if (drawn < digit || (drawn === digit && this.#isBelow(1))) this.#chosen[count++] = images[place]!;
    }
    return this.#chosen.slice(0, count);
  }

  /** Whether a number whose digits are the probability's so far is below it. */
  #isBelow(place: number): boolean {
    if (place === DIGITS) return false;
    this.#fill(this.#next);
    const [drawn, digit] = [this.#next[0]!, this.#digits[place]!];
    return drawn < digit || (drawn === digit && this.#isBelow(place + 1));
  }
}

function digitsOf(probability: number): Uint8Array {
  let rest = probability;
  return Uint8Array.from({ length: DIGITS }, () => {
    rest *= 256;
    const digit = Math.floor(rest);
    rest -= digit;
    return digit;
  });
}
