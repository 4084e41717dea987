/** Probabilities from logits, without overflow and in double precision: softmax(logits / temperature). */
export function softmax(logits: ArrayLike<number>, temperature = 1): Float64Array {
  const values = Float64Array.from(logits);
  const maximum = values.reduce((largest, value) => Math.max(largest, value), -Infinity);
  const powers = values.map((value) => Math.exp((value - maximum) / temperature));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
