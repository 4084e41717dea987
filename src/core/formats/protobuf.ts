/** Wire types of protocol buffers. */
const WireType = { VARINT: 0, FIXED64: 1, DELIMITED: 2, FIXED32: 5 } as const;

/**
 * Writes the few protocol buffer messages that TensorFlow's C API takes (the wire format of proto3: a field is its number
 * and wire type, then a varint, four or eight bytes, or a length and bytes). Long contents are copied only once, at the end.
 */
export class MessageWriter {
  readonly #chunks: Uint8Array[] = [];
  #pending: number[] = [];
  #length = 0;

  integer(field: number, value: number): this {
    this.#tag(field, WireType.VARINT);
    this.#varint(value);
    return this;
  }

  boolean(field: number, value: boolean): this {
    return this.integer(field, value ? 1 : 0);
  }

  float(field: number, value: number): this {
    this.#tag(field, WireType.FIXED32);
    this.#append([...new Uint8Array(Float32Array.of(value).buffer)]);
    return this;
  }

  double(field: number, value: number): this {
    this.#tag(field, WireType.FIXED64);
    this.#append([...new Uint8Array(Float64Array.of(value).buffer)]);
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, WireType.DELIMITED);
    this.#varint(value.length);
    this.#flush();
    this.#chunks.push(value);
    this.#length += value.length;
    return this;
  }

  message(field: number, value: MessageWriter): this {
    this.#tag(field, WireType.DELIMITED);
    this.#varint(value.#length);
    value.#flush();
    this.#flush();
    this.#chunks.push(...value.#chunks);
    this.#length += value.#length;
    return this;
  }

  finish(): Uint8Array {
    this.#flush();
    const whole = new Uint8Array(this.#length);
    let position = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, position);
      position += chunk.length;
    }
    return whole;
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType);
  }

  /** Negative integers take ten bytes, as 64-bit numbers in two's complement. */
  #varint(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    const bytes: number[] = [];
    while (rest > 0x7fn) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.#append(bytes);
  }

  #append(bytes: readonly number[]): void {
    this.#pending.push(...bytes);
    this.#length += bytes.length;
  }

  #flush(): void {
    if (this.#pending.length === 0) return;
    this.#chunks.push(Uint8Array.from(this.#pending));
    this.#pending = [];
  }
}
