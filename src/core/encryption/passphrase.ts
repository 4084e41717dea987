import { createCipheriv, createDecipheriv, randomBytes, scrypt as scryptWithCallback } from 'node:crypto';
import type { BinaryLike, ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';

import type { Identity, Recipient } from 'age-encryption';

/** The base-2 logarithm of scrypt's work factor for new files: that of age, about a second. */
const WORK = 18;
/** The highest accepted work factor: 1 GiB of memory. A foreign file may ask for any. */
const MAX_WORK = 20;
const BLOCK_SIZE = 8;
const SALT_BYTES = 16;
const LABEL = 'age-encryption.org/v1/scrypt';
const CIPHER = 'chacha20-poly1305';
const NO_NONCE = Buffer.alloc(12);
const TAG_BYTES = 16;

const scrypt = promisify<BinaryLike, BinaryLike, number, ScryptOptions, Buffer>(scryptWithCallback);

/*
 * What age-encryption does for passphrases, with Node.js's scrypt: the library's blocks the event loop for a second, and so a server.
 */

/** A passphrase as the recipient of a file, which must have no other. */
export function passphraseRecipient(passphrase: string): Recipient {
  return {
    async wrapFileKey(fileKey) {
      const { Stanza } = await import('age-encryption');
      const salt = randomBytes(SALT_BYTES);
      const key = await keyFor(passphrase, salt, WORK);
      // Each key encrypts once, so that the nonce may be zero.
      const cipher = createCipheriv(CIPHER, key, NO_NONCE, { authTagLength: TAG_BYTES });
      const sealed = Buffer.concat([cipher.update(fileKey), cipher.final()]);
      const body = Buffer.concat([sealed, cipher.getAuthTag()]);
      return [new Stanza(['scrypt', encode(salt), String(WORK)], body)];
    },
  };
}

/** A passphrase that opens files. Throws an error for a header that is invalid or asks for too much work. */
export function passphraseIdentity(passphrase: string): Identity {
  return {
    async unwrapFileKey(stanzas) {
      const stanza = stanzas.find(({ args }) => args[0] === 'scrypt');
      if (!stanza) return null;
      // Otherwise another recipient could pass for somebody who knows the passphrase.
      if (stanzas.length > 1) throw new Error('a passphrase beside other recipients');
      const [, salt = '', work = ''] = stanza.args;
      const bytes = Buffer.from(salt, 'base64');
      const isValid = stanza.args.length === 3 && /^[1-9]\d{0,2}$/.test(work) && encode(bytes) === salt;
      if (!isValid || bytes.length !== SALT_BYTES || stanza.body.length !== 16 + TAG_BYTES) {
        throw new Error('an invalid passphrase stanza');
      }
      if (Number(work) > MAX_WORK) {
        throw new Error(`it asks for 2^${work} rounds of scrypt; at most 2^${MAX_WORK} are accepted`);
      }
      return openKey(await keyFor(passphrase, bytes, Number(work)), stanza.body);
    },
  };
}

function keyFor(passphrase: string, salt: Uint8Array, work: number): Promise<Buffer> {
  const cost = 2 ** work;
  const options = { N: cost, r: BLOCK_SIZE, p: 1, maxmem: 2 * 128 * cost * BLOCK_SIZE };
  return scrypt(passphrase, Buffer.concat([Buffer.from(LABEL), salt]), 32, options);
}

function openKey(key: Uint8Array, body: Uint8Array): Buffer | null {
  const decipher = createDecipheriv(CIPHER, key, NO_NONCE, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(body.subarray(-TAG_BYTES));
  const fileKey = decipher.update(body.subarray(0, -TAG_BYTES));
  try {
    decipher.final();
    return fileKey;
  } catch {
    return null;
  }
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}
