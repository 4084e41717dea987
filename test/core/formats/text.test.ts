import { Readable } from 'node:stream';

import { expect, it } from 'vitest';

import { decodeChunks, decodeText } from '../../../src/core/formats/text.js';

it.each([
  ['UTF-8', Buffer.from('{"a": "é"}')],
  ['UTF-8 with a byte-order mark', Buffer.from('\uFEFF{"a": "é"}')],
  ['UTF-16', Buffer.from('\uFEFF{"a": "é"}', 'utf16le')],
  ['UTF-16, the high byte first', Buffer.from('\uFEFF{"a": "é"}', 'utf16le').swap16()],
])('reads %s, at once and in chunks', async (_, bytes) => {
  expect(JSON.parse(decodeText(bytes))).toEqual({ a: 'é' });
  // Splits a character in each encoding.
  const cut = bytes.length - 3;
  const chunks = Readable.from([bytes.subarray(0, cut), bytes.subarray(cut)]) as AsyncIterable<Uint8Array>;
  let text = '';
  for await (const chunk of decodeChunks(chunks)) text += chunk;
  expect(JSON.parse(text)).toEqual({ a: 'é' });
});
