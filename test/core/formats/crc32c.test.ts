import { expect, it } from 'vitest';

import { crc32c } from '../../../src/core/formats/crc32c.js';

it.each([
  ['nothing', new Uint8Array(0), 0],
  ['the digits that every CRC is checked with', Buffer.from('123456789'), 0xe3069283],
  ['32 zeros (RFC 3720, B.4)', new Uint8Array(32), 0x8a9136aa],
  ['32 ones (RFC 3720, B.4)', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['0 to 31 (RFC 3720, B.4)', Uint8Array.from({ length: 32 }, (_, byte) => byte), 0x46dd794e],
])('the CRC-32C of %s', (_, bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected);
});
