import { createHash } from 'node:crypto';

/**
 * A random number stream that depends only on a seed, a purpose and an index: xoshiro128**
 * (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021), seeded with a SHA-256 hash.
 *
 * Streams are named and not shared, so work that is resumed, repeated or reordered draws the same numbers: the shuffle of
 * epoch 7 is always `new Random(seed, 'shuffle', 7)`.
 */
export class Random {
  readonly #state: Uint32Array;

  /**
   * @param seed the run's seed
   * @param purpose the use of the numbers; different purposes have different streams
   * @param index distinguishes streams of one purpose: an epoch, a layer
   */
  constructor(seed: number, purpose: string, index = 0) {
    const digest = createHash('sha256').update(`${seed}/${purpose}/${index}`).digest();
    this.#state = Uint32Array.from({ length: 4 }, (_, word) => digest.readUInt32LE(4 * word));
  }

  /** A stream with a given state of four 32-bit words, not all zero; for comparison with other implementations. */
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
    // Rejects numbers past the last multiple of the limit, which would make small results more likely.
    const accepted = 2 ** 32 - (2 ** 32 % limit);
    let bits = this.bits();
    while (bits >= accepted) bits = this.bits();
    return bits % limit;
  }

  /** Shuffles in place (Fisher and Yates; Durstenfeld's algorithm 235, 1964). */
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

  /** `count` normally distributed numbers with mean 0 (Box and Muller, 1958). */
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
