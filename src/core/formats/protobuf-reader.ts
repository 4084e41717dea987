/**
 * Parses the length-delimited fields (strings, bytes, messages) of a protocol buffer message, by field number. Numeric fields are
 * skipped. Throws on invalid messages.
 */
export function readMessage(bytes: Uint8Array): Map<number, Uint8Array[]> {
  const fields = new Map<number, Uint8Array[]>();
  let position = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = bytes[position++];
      if (byte === undefined) throw new Error('the message ends in the middle of a number');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (position < bytes.length) {
    const tag = varint();
    const wireType = tag & 7;
    if (wireType === 0) varint();
    else if (wireType === 1) position += 8;
    else if (wireType === 5) position += 4;
    else if (wireType === 2) {
      const end = varint() + position;
      const field = Math.floor(tag / 8);
      fields.set(field, [...(fields.get(field) ?? []), bytes.subarray(position, end)]);
      position = end;
    } else throw new Error(`wire type ${wireType} is unknown`);
  }
  if (position > bytes.length) throw new Error('the message ends in the middle of a field');
  return fields;
}
