import { fieldsOf } from '../../../core/formats/protobuf-reader.js';

/** A protocol buffer message whose fields are read by number. Reading throws where the bytes are not a message. */
export class Message {
  readonly #bytes = new Map<number, Uint8Array[]>();
  readonly #integers = new Map<number, number[]>();
  /** Its size in bytes. */
  readonly size: number;

  constructor(bytes: Uint8Array) {
    this.size = bytes.length;
    for (const { number, value } of fieldsOf(bytes)) {
      if (typeof value === 'bigint') keep(this.#integers, number, Number(BigInt.asIntN(64, value)));
      else keep(this.#bytes, number, value);
    }
  }

  /** The values of a field that holds bytes. */
  bytes(field: number): readonly Uint8Array[] {
    return this.#bytes.get(field) ?? [];
  }

  messages(field: number): Message[] {
    return this.bytes(field).map((bytes) => new Message(bytes));
  }

  texts(field: number): string[] {
    return this.bytes(field).map((bytes) => new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  }

  /** The last text of a field; empty without one. */
  text(field: number): string {
    return this.texts(field).at(-1) ?? '';
  }

  /** The last integer of a field; 0 without one, as in proto3. */
  integer(field: number): number {
    return this.#integers.get(field)?.at(-1) ?? 0;
  }

  has(field: number): boolean {
    return this.#integers.has(field) || this.#bytes.has(field);
  }

  /** The integers of a repeated field, which may be packed. */
  integers(field: number): number[] {
    return [...(this.#integers.get(field) ?? []), ...this.bytes(field).flatMap(unpack)];
  }
}

function keep<Value>(map: Map<number, Value[]>, key: number, value: Value): void {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}

function unpack(bytes: Uint8Array): number[] {
  const numbers: number[] = [];
  let [value, shift] = [0n, 0n];
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (shift > 70n) throw new Error('a number has more than ten bytes');
    if (byte >= 0x80) continue;
    numbers.push(Number(BigInt.asIntN(64, value)));
    [value, shift] = [0n, 0n];
  }
  if (shift > 0n) throw new Error('a list of numbers ends in the middle of one');
  return numbers;
}
