import { expect, it } from 'vitest';

import { decodeText } from '../../../src/core/formats/text.js';

it.each([
  ['UTF-8', Buffer.from('{"a": "é"}')],
  ['UTF-8 with a byte-order mark', Buffer.from('\uFEFF{"a": "é"}')],
  ['UTF-16', Buffer.from('\uFEFF{"a": "é"}', 'utf16le')],
  ['UTF-16, the high byte first', Buffer.from('\uFEFF{"a": "é"}', 'utf16le').swap16()],
])('reads %s', (_, bytes) => {
  expect(JSON.parse(decodeText(bytes))).toEqual({ a: 'é' });
});
