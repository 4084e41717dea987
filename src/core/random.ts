import { createHash } from 'node:crypto';

/**
 * A stream of random numbers that depends on nothing but a seed, a purpose and an index: xoshiro128**
 * (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021), its state taken from a SHA-256.
 *
 * Because a stream is named and not shared, work can be resumed, repeated or done in another order and still draws the
 * same numbers: the shuffle of epoch 7 is `new Random(seed, 'shuffle', 7)`, whatever was drawn before.
 */
export class Random {
  readonly #state: Uint32Array;

  /**
   * @param seed the run's seed
   * @param purpose what the numbers are for; two purposes never share a stream
   * @param index tells the streams of one purpose apart: an epoch, a layer
   */
  constructor(seed: number, purpose: string, index = 0) {
    const digest = createHash('sha256').update(`${seed}/${purpose}/${index}`).digest();
    this.#state = Uint32Array.from({ length: 4 }, (_, word) => digest.readUInt32LE(4 * word));
  }

  /** A stream that starts from a given state of four 32-bit words, not all zero; for comparison with other programs. */
  static fromState(state: readonly [number, number, number, number]): Random {
    const random = new Random(0, '');
    random.#state.set(state);
    return random;
  }

  /** The next 32 random bits, as an integer from 0 to 2³² − 1. */
  bits(): number {
    const state = this.#state;
    const [a, b, c, d] = state as unknown as [number, number, number, number];
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    state[2] = c ^ a;
    state[3] = d ^ b;
    state[1] = b ^ c ^ a;
    state[0] = a ^ d ^ b;
    state[2] ^= b << 9;
    state[3] = rotateLeft(d ^ b, 11);
    return result;
  }

  /** A number from 0 up to but not including 1, with 53 random bits. */
  uniform(): number {
    const high = this.bits() >>> 5;
    const low = this.bits() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** An integer from 0 to `limit` − 1, each equally likely; `limit` is from 1 to 2³². */
  integer(limit: number): number {
    // Numbers past the last whole multiple of the limit are drawn again, or the small ones would be more likely.
    const accepted = 2 ** 32 - (2 ** 32 % limit);
    let bits = this.bits();
    while (bits >= accepted) bits = this.bits();
    return bits % limit;
  }

  /** Puts the elements into a random order, in place (Fisher and Yates; Durstenfeld's algorithm 235, 1964). */
  shuffle(values: Int32Array): Int32Array {
    for (let last = values.length - 1; last > 0; last--) {
      const chosen = this.integer(last + 1);
      const value = values[last]!;
      values[last] = values[chosen]!;
      values[chosen] = value;
    }
    return values;
  }

  /** `count` numbers, uniformly distributed from −limit to limit. */
  uniformArray(count: number, limit: number): Float32Array {
    return Float32Array.from({ length: count }, () => (2 * this.uniform() - 1) * limit);
  }

  /** `count` numbers of a normal distribution around 0 (Box and Muller, 1958). */
  normalArray(count: number, standardDeviation: number): Float32Array {
    return Float32Array.from({ length: count }, () => {
      const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
      return standardDeviation * radius * Math.cos(2 * Math.PI * this.uniform());
    });
  }
}

function rotateLeft(value: number, count: number): number {
  return (value << count) | (value >>> (32 - count));
}
