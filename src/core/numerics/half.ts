const MAX_HALF = 65_504;

/** Floats of 16 bits (IEEE 754 binary16), each the nearest, ties to even; what is too large becomes the largest. */
export function toHalf(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  return Uint16Array.from(values, (value) => {
    float[0] = Math.min(MAX_HALF, Math.max(-MAX_HALF, value));
    const whole = bits[0]!;
    const sign = (whole >>> 16) & 0x8000;
    const exponent = ((whole >>> 23) & 0xff) - 112;
    const mantissa = whole & 0x7fffff;
    // Normal numbers keep ten bits of the mantissa; a carry goes into the exponent, as it should.
    if (exponent > 0) return sign | roundOff((exponent << 23) | mantissa, 13);
    // Smaller ones have no leading one, and fewer bits the smaller they are.
    return exponent < -10 ? sign : sign | roundOff(mantissa | 0x800000, 14 - exponent);
  });
}

/** Drops bits of a whole number, and rounds to the nearest, ties to even. */
function roundOff(value: number, dropped: number): number {
  const kept = value >>> dropped;
  const rest = value & ((1 << dropped) - 1);
  const half = 1 << (dropped - 1);
  return rest > half || (rest === half && kept % 2 === 1) ? kept + 1 : kept;
}

const EXPONENT_BIAS = 15;

/** The number that 16 bits stand for in IEEE 754's half precision. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * 2 ** (1 - EXPONENT_BIAS) * (fraction / 1024);
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * 2 ** (exponent - EXPONENT_BIAS) * (1 + fraction / 1024);
}
