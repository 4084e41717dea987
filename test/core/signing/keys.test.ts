import { createPublicKey, ECDH, generateKeyPairSync } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { writeSecretAtomically } from '../../../src/core/files.js';
import {
  generateKeys,
  keyId,
  keyKinds,
  publicPem,
  readEcdsaKey,
  readPrivateKey,
  readPublicKey,
} from '../../../src/core/signing/keys.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';

async function secret(text: string): Promise<string> {
  const path = join(await temporaryFolder(), 'key.pem');
  await writeSecretAtomically(path, text);
  return path;
}

describe.each(keyKinds)('a key of the kind %s', (kind) => {
  it('is read as it was written', async () => {
    const { privatePem, publicKey } = generateKeys(kind);
    const { publicKey: found } = await readPrivateKey(await secret(privatePem));
    expect(keyId(found)).toBe(keyId(publicKey));
    expect(keyId(await readPublicKey(await secret(publicPem(publicKey))))).toBe(keyId(publicKey));
  });

  it('is refused where its other half is needed', async () => {
    const { privatePem, publicKey } = generateKeys(kind);
    const publicFile = await secret(publicPem(publicKey));
    const privateFile = await secret(privatePem);
    const wrong = await toolkitError('SIGNING_KEY_UNUSABLE', readPrivateKey(publicFile));
    expect(wrong.message).toContain('it is a public key');
    expect(wrong.exitCode).toBe(6);
    const secretOne = await toolkitError('SIGNING_KEY_UNUSABLE', readPublicKey(privateFile));
    expect(secretOne.message).toContain('it is a private key');
    expect(secretOne.message).not.toContain(privatePem.split('\n')[1]);
  });
});

it('a key has one id, however its point is written', async () => {
  const { publicKey } = generateKeys('p256');
  const whole = publicKey.export({ type: 'spki', format: 'der' });
  const point = ECDH.convertKey(whole.subarray(-65), 'prime256v1', undefined, undefined, 'compressed');
  const start = Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex');
  const der = Buffer.concat([start, point as Buffer]);
  const short = publicPem(createPublicKey({ key: der, format: 'der', type: 'spki' }));
  expect(short).not.toBe(publicPem(publicKey));
  expect(keyId(await readPublicKey(await secret(short)))).toBe(keyId(publicKey));
});

describe('a private key', () => {
  it.each([
    ['text', 'not a key'],
    ['nothing', ''],
    ['a megabyte', '-----BEGIN PRIVATE KEY-----\n'.padEnd(1 << 20, 'A')],
  ])('is refused where the file has %s', async (_, text) => {
    const error = await toolkitError('SIGNING_KEY_UNUSABLE', readPrivateKey(await secret(text)));
    expect(error.message).toContain('not a private key in PEM');
    expect(error.message).not.toContain('\n');
  });

  it('that others may read, has a passphrase, is missing or of another kind is refused', async () => {
    const path = await secret(generateKeys('p256').privatePem);
    await chmod(path, 0o644);
    expect((await toolkitError('SECRET_EXPOSED', readPrivateKey(path))).exitCode).toBe(2);
    await toolkitError('SIGNING_KEY_UNUSABLE', readPrivateKey(`${path}.not`));
    const encrypted = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
      ...{ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' },
    } as never) as unknown as string;
    const { message } = await toolkitError('SIGNING_KEY_UNUSABLE', readPrivateKey(await secret(encrypted)));
    expect(message).toContain('passphrase');
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    const other = readPrivateKey(await secret(rsa.export({ type: 'pkcs8', format: 'pem' }) as string));
    expect((await toolkitError('SIGNING_KEY_UNUSABLE', other)).message).toContain('it is rsa');
    const forLogs = readEcdsaKey(await secret(generateKeys('ed25519').privatePem));
    expect((await toolkitError('SIGNING_KEY_UNUSABLE', forLogs)).message).toContain('ECDSA');
  });

  it('a public key in a certificate, or in text, is refused', async () => {
    const folder = await temporaryFolder();
    await writeFile(
      join(folder, 'key.pub'),
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    );
    await toolkitError('SIGNING_KEY_UNUSABLE', readPublicKey(join(folder, 'key.pub')));
    await toolkitError('DATA_UNREADABLE', readPublicKey(folder));
    await toolkitError('SIGNING_KEY_UNUSABLE', readPublicKey(join(folder, 'other')));
  });
});
