import { deflateRawSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import {
  decodeFile,
  encodeFile,
  EncryptedFileError,
  headerOf,
  type EncryptedFile,
  type Expected,
} from '../../../src/deployment/encrypted/encrypted-file.js';
import { squareNetParameters as parameters } from '../../../src/deployment/encrypted/parameters.js';
import { Random } from '../../../src/core/random.js';

const random = new Random(3, 'file');
const ciphertext = Uint8Array.from({ length: 1003 }, (_, index) => (index % 8 < 4 ? random.integer(256) : 0));
const image: EncryptedFile = {
  ...{ kind: 'encrypted-image', parameters, key: 'a'.repeat(32), model: 'b'.repeat(16) },
  parts: [ciphertext],
};
const expected: Expected = { kind: 'encrypted-image', parameters, mostBytes: 1003 };

/** A file with another header, whose parts are as they were. */
async function withHeader(change: (header: Record<string, unknown>) => object): Promise<Uint8Array> {
  const file = await encodeFile(image);
  const length = new DataView(file.buffer).getUint32(8, true);
  const header = JSON.parse(Buffer.from(file.subarray(12, 12 + length)).toString()) as Record<
    string,
    unknown
  >;
  const text = Buffer.from(JSON.stringify({ ...header, ...change(header) }));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(text.length);
  return Buffer.concat([file.subarray(0, 8), size, text, file.subarray(12 + length)]);
}

const refusal = (file: Uint8Array, changes: Partial<Expected> = {}): Promise<string> =>
  decodeFile(file, { ...expected, ...changes }).then(
    () => 'accepted',
    (error: unknown) => {
      expect(error).toBeInstanceOf(EncryptedFileError);
      return (error as Error).message;
    },
  );

describe('an encrypted file', () => {
  it('comes back as it was, and smaller than its numbers', async () => {
    const file = await encodeFile(image);
    expect(await decodeFile(file, { ...expected, key: image.key, model: image.model })).toEqual(image);
    expect(headerOf(file)).toMatchObject({ kind: 'encrypted-image', key: image.key });
    expect(file.length).toBeLessThan(1003);
  });

  it('is refused wherever a byte is changed, cut off or added, or it gives other numbers', async () => {
    const file = await encodeFile(image);
    for (let at = 0; at < file.length; at += 7) {
      const changed = file.slice();
      changed[at]! ^= 1 << (at % 8);
      const outcome = await decodeFile(changed, { ...expected, key: image.key, model: image.model }).catch(
        (error: unknown) => error,
      );
      if (!(outcome instanceof EncryptedFileError)) expect(outcome).not.toEqual(image);
      if (at % 5 === 0) expect(await refusal(file.subarray(0, at))).not.toBe('accepted');
    }
    expect(await refusal(Buffer.concat([file, Buffer.of(0)]))).toContain('are announced');
  });

  it.each<[string, Partial<Expected>]>([
    ['it is an encrypted image, but a file of evaluation keys is needed', { kind: 'evaluation-keys' }],
    ['belongs to the key', { key: 'c'.repeat(32) }],
    ['is for the model', { model: 'c'.repeat(16) }],
    ['at most 1002 are possible', { mostBytes: 1002 }],
    ['made with other parameters', { parameters: { ...parameters, scaleBits: 27 } }],
  ])('%s', async (reason, changes) => {
    expect(await refusal(await encodeFile(image), changes)).toContain(reason);
  });

  it('with parameters below 128-bit security is refused for that, whoever made it', async () => {
    const weak = { ...parameters, polyModulusDegree: 4096 };
    expect(await refusal(await withHeader(() => ({ parameters: weak })))).toContain(
      'less than 128-bit security',
    );
    expect(await refusal(await withHeader(() => ({ parameters: weak })), { parameters: weak })).toContain(
      'too weak',
    );
  });

  it('that is a secret key is refused, and its sender is told to make another', async () => {
    const file = await encodeFile({ ...image, kind: 'secret-key' });
    expect(await refusal(file)).toContain('a secret key must stay with its owner: make new keys');
  });

  it('that unpacks to more than it says ends there, before it takes the memory', async () => {
    const bomb = deflateRawSync(Buffer.alloc(2 ** 26));
    const parts = [{ name: 'ciphertext', bytes: 1000, stored: bomb.length }];
    const header = await withHeader(() => ({ parts }));
    const { length } = (await encodeFile(image)).subarray(0);
    const original = headerEnd(await encodeFile(image));
    const file = Buffer.concat([header.subarray(0, header.length - (length - original)), bomb]);
    expect(await refusal(file)).toContain('its part "ciphertext" is damaged');
  });

  it.each([{ kind: 'picture' }, { key: '../..' }, { parts: [] }, { more: 1 }])(
    'with the header %o is refused',
    async (change) => {
      expect(await refusal(await withHeader(() => change))).toContain('its header is damaged');
    },
  );
});

function headerEnd(file: Uint8Array): number {
  return 12 + new DataView(file.buffer, file.byteOffset).getUint32(8, true);
}
