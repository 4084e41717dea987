import { describe, expect, it } from 'vitest';

import { fieldsOf, readIntegers, readMessage } from '../../../src/core/formats/protobuf-reader.js';
import { MessageWriter } from '../../../src/core/formats/protobuf.js';

describe('reading a message', () => {
  const message = new MessageWriter()
    .integer(1, 150)
    .float(2, 0.5)
    .double(3, 0.5)
    .text(4, 'seven')
    .text(4, 'eight')
    .integer(5, -1)
    .integer(6, 2 ** 40)
    .finish();

  it('gives what has a length, by number and in order', () => {
    const texts = readMessage(message)
      .get(4)
      ?.map((bytes) => Buffer.from(bytes).toString());
    expect(texts).toEqual(['seven', 'eight']);
  });

  it('gives integers, negative ones too, and skips floats', () => {
    expect([...readIntegers(message)]).toEqual([
      [1, 150],
      [5, -1],
      [6, 2 ** 40],
    ]);
  });

  it('refuses every message that is cut off within a field', () => {
    const ends = new Set<number>();
    for (let length = 0; length <= message.length; length++) {
      try {
        expect([...fieldsOf(message.subarray(0, length))].length).toBeLessThanOrEqual(5);
        ends.add(length);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }
    // Between two of its seven fields it is a message.
    expect(ends.size).toBe(8);
  });

  it.each([
    ['a number without an end', [0x08, ...new Array<number>(11).fill(0xff)]],
    ['a length beyond the end', [0x0a, 0x7f, 1]],
    ['a group', [0x0b]],
  ])('refuses %s', (_, bytes) => {
    expect(() => [...fieldsOf(Uint8Array.from(bytes))]).toThrow();
  });
});
