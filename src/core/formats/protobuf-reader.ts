/** A field of a protocol buffer message: an integer, or bytes (text, message, packed numbers). */
export interface MessageField {
  readonly number: number;
  readonly value: bigint | Uint8Array;
}

/** The sizes of the wire types 1 and 5. */
const FIXED: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/**
 * The fields of a protocol buffer message, in order. Fixed-size numbers (floats among them) are skipped: nothing here needs them. Throws
 * if the bytes are not a message.
 */
export function* fieldsOf(bytes: Uint8Array): Generator<MessageField> {
  let position = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[position++];
      if (byte === undefined) throw new Error('the message ends in the middle of a number');
      if (shift >= 70n) throw new Error('a number has more than ten bytes');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (position < bytes.length) {
    const tag = varint();
    const number = Number(tag >> 3n);
    const wireType = Number(tag & 7n);
    const fixed = FIXED[wireType];
    if (wireType === 0) yield { number, value: varint() };
    else if (fixed !== undefined) position += fixed;
    else if (wireType === 2) {
      const end = Number(varint()) + position;
      if (end > bytes.length) throw new Error('the message ends in the middle of a field');
      yield { number, value: bytes.subarray(position, end) };
      position = end;
    } else throw new Error(`wire type ${wireType} is unknown`);
  }
  if (position > bytes.length) throw new Error('the message ends in the middle of a field');
}

/**
 * The fields of a message that are bytes (texts, messages), by number. Throws if the bytes are not a message.
 */
export function readMessage(bytes: Uint8Array): Map<number, Uint8Array[]> {
  const fields = new Map<number, Uint8Array[]>();
  for (const { number, value } of fieldsOf(bytes)) {
    if (typeof value === 'bigint') continue;
    const values = fields.get(number);
    if (values) values.push(value);
    else fields.set(number, [value]);
  }
  return fields;
}

/** The signed integers of a message, by number; the last value of a repeated field. Throws if the bytes are not a message. */
export function readIntegers(bytes: Uint8Array): Map<number, number> {
  const integers = new Map<number, number>();
  for (const { number, value } of fieldsOf(bytes)) {
    if (typeof value === 'bigint') integers.set(number, Number(BigInt.asIntN(64, value)));
  }
  return integers;
}
