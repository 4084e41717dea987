import { createHash } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import {
  decodeSafetensors,
  encodeSafetensors,
  loadFloats,
  SafetensorsError,
  storeFloats,
  type SafetensorsFile,
  type StoredTensor,
} from '../../src/artifacts/safetensors.js';
import { Random } from '../../src/core/random.js';

const floats = Float32Array.from({ length: 12 }, (_, index) => index / 7 - 0.5);
const example: SafetensorsFile = {
  tensors: new Map<string, StoredTensor>([
    ['labels', { type: 'U8', shape: [3], bytes: Uint8Array.of(1, 2, 3) }],
    ['weights', storeFloats(floats, [3, 4])],
    ['counts', { type: 'I32', shape: [2], bytes: new Uint8Array(Int32Array.of(-1, 7).buffer) }],
    ['nothing', { type: 'F32', shape: [0, 5], bytes: new Uint8Array(0) }],
    ['scalar', storeFloats(Float32Array.of(Math.PI), [])],
  ]),
  metadata: { note: 'with "quotes", ünicode and\nlines', zeros: '0'.repeat(64) },
};
const file = Buffer.concat(encodeSafetensors(example));

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** Reads a file by the published rules of the format alone: a length (u64, little-endian), JSON, and offsets. */
function readByTheRules(bytes: Buffer): {
  header: Record<string, Entry>;
  metadata: Record<string, string>;
  data: Buffer;
} {
  const length = Number(bytes.readBigUInt64LE(0));
  const text = bytes.subarray(8, 8 + length).toString('utf8');
  expect(text.startsWith('{')).toBe(true);
  const { __metadata__: metadata, ...header } = JSON.parse(text) as Record<string, unknown>;
  return {
    header: header as Record<string, Entry>,
    metadata: metadata as Record<string, string>,
    data: bytes.subarray(8 + length),
  };
}

/** A file with any header, whose hash is right: what a damage cannot be, but a forgery can. */
function forge(header: string, data: Uint8Array = new Uint8Array(0)): Buffer {
  const build = (hash: string): Buffer => {
    const text = Buffer.from(header.replace('HASH', hash));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    return Buffer.concat([length, text, data]);
  };
  return build(
    createHash('sha256')
      .update(build('0'.repeat(64)))
      .digest('hex'),
  );
}

/** The header of a forged file with some entries. */
const withEntries = (entries: string): string =>
  `{"__metadata__":{"sha256":"HASH"}${entries === '' ? '' : `,${entries}`}}`;

const entry = (name: string, shape: unknown, offsets: unknown, dtype = 'U8'): string =>
  `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: offsets })}`;

describe('a round trip', () => {
  it('gives every tensor and text back', () => {
    const { tensors, metadata } = decodeSafetensors(file);
    expect(metadata).toMatchObject(example.metadata);
    expect(new Set(tensors.keys())).toEqual(new Set(example.tensors.keys()));
    for (const [name, { type, shape, bytes }] of example.tensors) {
      expect(tensors.get(name)).toMatchObject({ type, shape });
      expect([...tensors.get(name)!.bytes]).toEqual([...bytes]);
    }
    expect(loadFloats(tensors.get('weights')!)).toEqual(floats);
  });

  it('gives the same bytes each time', () => {
    expect(Buffer.concat(encodeSafetensors(example)).equals(file)).toBe(true);
  });

  it('works for a file without tensors, and for names that JSON orders or escapes', () => {
    const empty = Buffer.concat(encodeSafetensors({ tensors: new Map(), metadata: {} }));
    expect(decodeSafetensors(empty).tensors.size).toBe(0);
    const names = ['10', '9', 'a/b', 'ü"\\', 'sha256'];
    const tensors = new Map(names.map((name, index) => [name, storeFloats(Float32Array.of(index), [1])]));
    const decoded = decodeSafetensors(Buffer.concat(encodeSafetensors({ tensors, metadata: {} })));
    for (const [index, name] of names.entries()) {
      expect([...loadFloats(decoded.tensors.get(name)!)]).toEqual([index]);
    }
  });

  it('works at any position in memory', () => {
    const shifted = Buffer.concat([Buffer.alloc(1), file]).subarray(1);
    expect(loadFloats(decodeSafetensors(shifted).tensors.get('weights')!)).toEqual(floats);
  });
});

it('a file follows the rules of the format, so that other programs can read it', () => {
  const { header, metadata, data } = readByTheRules(file);
  expect(metadata['note']).toBe(example.metadata['note']);
  const ordered = Object.values(header).sort((a, b) => a.data_offsets[0] - b.data_offsets[0]);
  let end = 0;
  for (const { data_offsets: offsets } of ordered) {
    expect(offsets[0]).toBe(end);
    end = offsets[1];
  }
  expect(end).toBe(data.length);
  const weights = header['weights']!;
  expect(weights).toMatchObject({ dtype: 'F32', shape: [3, 4] });
  for (const [index, value] of floats.entries()) {
    expect(data.readFloatLE(weights.data_offsets[0] + 4 * index)).toBe(value);
  }
  expect(data.readInt32LE(header['counts']!.data_offsets[0])).toBe(-1);
});

it('tensors start at multiples of their elements’ size', () => {
  const { header } = readByTheRules(file);
  const start = 8 + Number(file.readBigUInt64LE(0));
  expect(start % 8).toBe(0);
  for (const { dtype, data_offsets: offsets } of Object.values(header)) {
    expect((start + offsets[0]) % (dtype === 'U8' ? 1 : 4)).toBe(0);
  }
});

describe('damage', () => {
  it('of any single bit is refused', () => {
    for (let bit = 0; bit < 8 * file.length; bit++) {
      const damaged = Buffer.from(file);
      damaged[bit >> 3] = damaged[bit >> 3]! ^ (1 << (bit & 7));
      expect(() => decodeSafetensors(damaged)).toThrow(SafetensorsError);
    }
  });

  it('by truncation at any place is refused', () => {
    for (let length = 0; length < file.length; length++) {
      expect(() => decodeSafetensors(file.subarray(0, length))).toThrow(SafetensorsError);
    }
  });

  it('at random, 600 times, is refused', () => {
    const random = new Random(21, 'safetensors');
    for (let round = 0; round < 600; round++) {
      const at = random.integer(file.length);
      const noise = Buffer.from(
        Uint8Array.from({ length: 1 + random.integer(16) }, () => random.integer(256)),
      );
      const kept = [
        [file.subarray(0, at), noise, file.subarray(at)],
        [file.subarray(0, at), noise, file.subarray(at + noise.length)],
        [file.subarray(0, at), file.subarray(at + noise.length)],
        [file, noise],
        [file.subarray(0, at), file],
      ][round % 5]!;
      const damaged = Buffer.concat(kept);
      if (damaged.equals(file)) continue;
      expect(() => decodeSafetensors(damaged)).toThrow(SafetensorsError);
    }
  });

  it.each([0n, 2n ** 24n + 1n, 2n ** 31n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n])(
    'of the header’s length (%i) is refused',
    (length) => {
      const damaged = Buffer.from(file);
      damaged.writeBigUInt64LE(length);
      expect(() => decodeSafetensors(damaged)).toThrow(SafetensorsError);
    },
  );
});

describe('a forged file with a right hash', () => {
  it('is accepted where it keeps the rules', () => {
    const forged = forge(
      withEntries(`${entry('a', [2], [0, 2])},${entry('b', [1], [2, 3])}`),
      Uint8Array.of(1, 2, 3),
    );
    expect([...decodeSafetensors(forged).tensors.get('b')!.bytes]).toEqual([3]);
  });

  const three = Uint8Array.of(1, 2, 3);
  const one = entry('a', [3], [0, 3]);
  const forgeries: [string, string, Uint8Array?][] = [
    ['bytes after the last tensor', withEntries(entry('a', [2], [0, 2])), three],
    ['a gap', withEntries(`${entry('a', [1], [0, 1])},${entry('b', [1], [2, 3])}`), three],
    ['an offset that is not 0 at first', withEntries(entry('a', [2], [1, 3])), three],
    ['overlapping tensors', withEntries(`${entry('a', [2], [0, 2])},${entry('b', [2], [1, 3])}`), three],
    ['tensors on the same bytes', withEntries(`${one},${entry('b', [3], [0, 3])}`), three],
    ['offsets past the end', withEntries(entry('a', [4], [0, 4])), three],
    ['offsets that run backwards', withEntries(entry('a', [3], [3, 0])), three],
    ['negative offsets', withEntries(entry('a', [3], [-3, 0])), three],
    ['offsets of fractions', withEntries(entry('a', [3], [0, 3.5])), three],
    ['three offsets', withEntries(entry('a', [3], [0, 3, 3])), three],
    ['a shape of other size', withEntries(entry('a', [2], [0, 3])), three],
    ['a shape whose size is past 2⁵³', withEntries(entry('a', [2 ** 40, 2 ** 40], [0, 3])), three],
    ['a negative shape', withEntries(entry('a', [-1, -3], [0, 3])), three],
    ['a type of other size', withEntries(entry('a', [3], [0, 3], 'F32')), three],
    ['a type that we do not write', withEntries(entry('a', [3], [0, 3], 'I8')), three],
    ['an entry that lacks a key', withEntries('"a":{"dtype":"U8","shape":[3]}'), three],
    [
      'an entry with another key',
      withEntries('"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3],"x":1}'),
      three,
    ],
    ['an entry that is a text', withEntries('"a":"U8"'), three],
    ['a name twice', withEntries(`${one},${one}`), three],
    ['a name twice, hidden by an escape', withEntries(`${one},${one.replace('"a"', '"\\u0061"')}`), three],
    [
      'a key of an entry twice',
      withEntries('"a":{"dtype":"F32","dtype":"U8","shape":[3],"data_offsets":[0,3]}'),
      three,
    ],
    ['metadata twice', `{"__metadata__":{},"__metadata__":{"sha256":"HASH"}}`],
    ['metadata that are no texts', `{"__metadata__":{"sha256":"HASH","n":1}}`],
    ['metadata that are a list', `{"__metadata__":["sha256"],"sha256":"HASH"}`],
    ['two hashes', `{"__metadata__":{"sha256":"HASH"},"x":{"sha256":"${'0'.repeat(64)}"}}`],
    ['no hash', '{"__metadata__":{}}'],
    ['a header that is a list', '[{"sha256":"HASH"}]'],
    ['a header that is not JSON', '{"__metadata__":{"sha256":"HASH"}'],
    ['a header with a byte-order mark', `\uFEFF${withEntries('')}`],
    ['a tensor called __proto__', withEntries(entry('__proto__', [3], [0, 3])), three],
  ];
  it.each(forgeries)('is refused for %s', (_, header, data) => {
    expect(() => decodeSafetensors(forge(header, data))).toThrow(SafetensorsError);
  });

  it('is refused for a header that is not UTF-8', () => {
    const header = Buffer.concat([Buffer.from('{"x":"'), Buffer.of(0xff), Buffer.from('"}')]);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    expect(() => decodeSafetensors(Buffer.concat([length, header]))).toThrow(/not UTF-8/);
  });
});

it('loadFloats refuses other types', () => {
  expect(() => loadFloats({ type: 'I32', shape: [1], bytes: new Uint8Array(4) })).toThrow(SafetensorsError);
});
