import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { bundleFromJSON } from '@sigstore/bundle';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { describe, expect, it } from 'vitest';

import { signaturePath, signModel, verifyModel } from '../../../src/artifacts/signing/model-signature.js';
import { generateKeys, keyId, publicPem, readEcdsaKey } from '../../../src/core/signing/keys.js';
import { writeSecretAtomically } from '../../../src/core/files.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';

/** What OpenSSF's own program signed; bench/signatures/make_fixtures.py made it. */
const { files, signatures } = JSON.parse(readFileSync('test/fixtures/signatures.json', 'utf8')) as {
  files: Record<string, string>;
  signatures: Record<'p256' | 'p384', { publicKey: string; bundle: { dsseEnvelope: { payload: string } } }>;
};

async function model(): Promise<string> {
  const folder = join(await temporaryFolder(), 'digits');
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

async function signedModel(kind: 'p256' | 'p384' = 'p256'): Promise<{ folder: string; key: KeyObject }> {
  const folder = await model();
  const file = join(await temporaryFolder(), 'key.pem');
  await writeSecretAtomically(file, generateKeys(kind).privatePem);
  const key = await readEcdsaKey(file);
  await signModel(folder, key);
  return { folder, key: key.publicKey };
}

interface Statement {
  subject: { digest: { sha256: string } }[];
  predicate: { resources: { name: string }[] };
}

async function statementIn(file: string): Promise<Statement> {
  const bundle = JSON.parse(await readFile(file, 'utf8')) as { dsseEnvelope: { payload: string } };
  return JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString('utf8')) as Statement;
}

describe.each(['p256', 'p384'] as const)('%s', (kind) => {
  const { publicKey, bundle } = signatures[kind];

  it('accepts what OpenSSF’s program signed', async () => {
    const folder = await model();
    await writeFile(signaturePath(folder), JSON.stringify(bundle));
    const key = createPublicKey(publicKey);
    const verified = await verifyModel(folder, [generateKeys(kind).publicKey, key]);
    expect(verified).toMatchObject({ name: 'digits', files: 4, key: keyId(key), ignored: ['notes'] });
    await writeFile(join(folder, 'notes', 'more.md'), '');
    await verifyModel(folder, [key]);
  });

  it('lists and hashes the files as it does', async () => {
    const folder = await model();
    await rm(join(folder, 'notes'), { recursive: true });
    const { privatePem } = generateKeys(kind);
    const file = join(await temporaryFolder(), 'key.pem');
    await writeSecretAtomically(file, privatePem);
    const { digest } = await signModel(folder, await readEcdsaKey(file));
    const theirs = JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString()) as Statement;
    expect(digest).toBe(theirs.subject[0]!.digest.sha256);
    const ours = await statementIn(signaturePath(folder));
    expect(ours.predicate.resources).toEqual(theirs.predicate.resources);
  });
});

it('is a bundle that Sigstore’s own packages read and verify', async () => {
  const { folder, key } = await signedModel();
  const bundle = bundleFromJSON(JSON.parse(await readFile(signaturePath(folder), 'utf8')));
  const root = { tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] };
  const judge = (publicKey: KeyObject): Verifier => {
    const finder = (hint: string) => {
      expect(hint).toBe(keyId(key));
      return { publicKey, validFor: () => true };
    };
    const trust = toTrustMaterial({ mediaType: '', signingConfig: undefined, ...root } as never, finder);
    return new Verifier(trust, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 });
  };
  judge(key).verify(toSignedEntity(bundle));
  expect(() => judge(generateKeys('p256').publicKey).verify(toSignedEntity(bundle))).toThrow(/signature/);
});

describe('a signed folder', () => {
  it('verifies with its signature elsewhere, and under the name it was given', async () => {
    const { folder, key } = await signedModel();
    const elsewhere = join(await temporaryFolder(), 'digits.sig');
    await rename(signaturePath(folder), elsewhere);
    expect(await verifyModel(folder, [key], elsewhere)).toMatchObject({ name: 'digits', files: 5 });
  });

  it.each<[string, (folder: string) => Promise<unknown>, RegExp]>([
    ['a changed file', (folder) => writeFile(join(folder, 'a.txt'), 'b'), /a\.txt was changed/],
    ['a missing file', (folder) => rm(join(folder, 'a', 'b.txt')), /a\/b\.txt is missing/],
    ['a file too many', (folder) => writeFile(join(folder, 'more'), ''), /more was added/],
    ['a link', (folder) => symlink('a.txt', join(folder, 'link')), /not a plain file/],
    [
      'swapped files',
      async (folder) => {
        await rename(join(folder, 'a.txt'), join(folder, 'c'));
        await rename(join(folder, 'weights.bin'), join(folder, 'a.txt'));
        await rename(join(folder, 'c'), join(folder, 'weights.bin'));
      },
      /a\.txt was changed, weights\.bin was changed/,
    ],
  ])('is refused with %s', async (_, change, reason) => {
    const { folder, key } = await signedModel();
    await verifyModel(folder, [key]);
    await change(folder);
    const error = await toolkitError('SIGNATURE_INVALID', verifyModel(folder, [key]));
    expect(error.message).toMatch(reason);
    expect(error.exitCode).toBe(6);
  });

  it.each<[string, (text: string) => string, RegExp]>([
    ['text', () => 'not JSON', /not a Sigstore bundle/],
    ['a payload of another type', (text) => text.replace('vnd.in-toto', 'vnd.other'), /vnd\.other/],
    ['a signature that was cut', (text) => text.replace(/"sig":"[^"]{8}/, '"sig":"'), /does not match/],
    ['no signature', (text) => text.replace(/"signatures":\[.*?\]/, '"signatures":[]'), /0 signatures/],
    ['a hint of nothing', (text) => text.replace(/"hint":"./, '"hint":"'), /another key/],
    [
      'a payload with one file fewer',
      (text) =>
        text.replace(/"payload":"([^"]+)"/, (_, payload: string) => {
          const statement = JSON.parse(Buffer.from(payload, 'base64').toString()) as Statement;
          statement.predicate.resources.pop();
          return `"payload":"${Buffer.from(JSON.stringify(statement)).toString('base64')}"`;
        }),
      /does not match/,
    ],
  ])('is refused where the signature file has %s', async (_, change, reason) => {
    const { folder, key } = await signedModel();
    const file = signaturePath(folder);
    await writeFile(file, change(await readFile(file, 'utf8')));
    const error = await toolkitError('SIGNATURE_INVALID', verifyModel(folder, [key]));
    expect(error.message).toMatch(reason);
  });

  it('is refused without its signature, with another key, and where there is none', async () => {
    const { folder, key } = await signedModel();
    const other = generateKeys('p256').publicKey;
    expect((await toolkitError('SIGNATURE_INVALID', verifyModel(folder, [other]))).message).toContain(
      'another key',
    );
    await rm(signaturePath(folder));
    await toolkitError('SIGNATURE_MISSING', verifyModel(folder, [key]));
    await toolkitError('SIGNATURE_INVALID', verifyModel(`${folder}-not`, [key]));
  });
});

it('the public key is written as OpenSSF’s program hashes it', () => {
  const { publicKey, bundle } = signatures.p256;
  expect(publicPem(createPublicKey(publicKey))).toBe(publicKey);
  expect(JSON.stringify(bundle)).toContain(keyId(createPublicKey(publicKey)));
});
