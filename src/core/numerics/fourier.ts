/** Complex numbers: real and imaginary parts, equally long. */
export interface Complex {
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
}

/**
 * The discrete Fourier transform, Σ x[n]·exp(−2πi·kn/N), in place: Cooley and Tukey's algorithm for a length that is a power of two. The
 * inverse is not divided by N.
 */
export function fourierTransform({ real, imaginary }: Complex, isInverse = false): void {
  const size = real.length;
  reverseBits(real);
  reverseBits(imaginary);
  const { cosines, sines } = rootsOfUnity(size, isInverse);
  const stageCosines = new Float64Array(size / 2);
  const stageSines = new Float64Array(size / 2);
  for (let half = 1; half < size; half *= 2) {
    // Neighbours in memory: reading the table in strides would miss the processor's cache.
    const stride = size / (2 * half);
    for (let offset = 0; offset < half; offset++) {
      stageCosines[offset] = cosines[offset * stride]!;
      stageSines[offset] = sines[offset * stride]!;
    }
    for (let start = 0; start < size; start += 2 * half) {
      for (let offset = 0; offset < half; offset++) {
        const even = start + offset;
        const odd = even + half;
        const cosine = stageCosines[offset]!;
        const sine = stageSines[offset]!;
        const re = real[odd]! * cosine - imaginary[odd]! * sine;
        const im = real[odd]! * sine + imaginary[odd]! * cosine;
        real[odd] = real[even]! - re;
        imaginary[odd] = imaginary[even]! - im;
        real[even]! += re;
        imaginary[even]! += im;
      }
    }
  }
}

/** exp(∓2πi·k/N), each computed by itself: products of roots would add up errors. */
function rootsOfUnity(size: number, isInverse: boolean): { cosines: Float64Array; sines: Float64Array } {
  const cosines = new Float64Array(size / 2);
  const sines = new Float64Array(size / 2);
  const turn = ((isInverse ? 2 : -2) * Math.PI) / size;
  for (let k = 0; k < size / 2; k++) {
    cosines[k] = Math.cos(turn * k);
    sines[k] = Math.sin(turn * k);
  }
  return { cosines, sines };
}

function reverseBits(values: Float64Array): void {
  const size = values.length;
  for (let index = 0, reversed = 0; index < size; index++) {
    if (index < reversed) [values[index], values[reversed]] = [values[reversed]!, values[index]!];
    let bit = size >> 1;
    while (bit > 0 && reversed & bit) {
      reversed ^= bit;
      bit >>= 1;
    }
    reversed |= bit;
  }
}
