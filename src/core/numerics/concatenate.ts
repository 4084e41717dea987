/** Arrays one after the other, as one; of none, an empty one. */
export function concatenate<Values extends Float32Array | Uint8Array>(
  parts: readonly Values[],
  Kind: new (length: number) => Values,
): Values {
  const whole = new Kind(parts.reduce((sum, { length }) => sum + length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}
