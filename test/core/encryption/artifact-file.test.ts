import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Decrypter } from 'age-encryption';
import { describe, expect, it } from 'vitest';

import {
  artifactPieces,
  contentSize,
  openArtifact,
  readArtifact,
  sha256OfContent,
  unsealBytes,
} from '../../../src/core/encryption/artifact-file.js';
import { createArtifact, sealBytes } from '../../../src/core/encryption/artifact-writer.js';
import { withEncryption } from '../../../src/core/encryption/session.js';
import { ageContent, ageFixture, writeKeyFile } from '../../support/age.js';
import { temporaryFolder } from '../../support/folders.js';

const { identities, recipients, passphrase, protectedIdentity, files } = ageFixture;
const [recipient = ''] = recipients;
const CHUNK = 65_536;
const secretKey = (text: string): string => /AGE-SECRET-KEY-1\w+/.exec(text)![0];

async function keyFile(folder: string): Promise<string> {
  return writeKeyFile(folder, identities[0]!);
}

/** Encrypts bytes as the stages do. */
function sealed(bytes: Uint8Array, encryptTo: readonly string[] = [recipient]): Promise<Buffer> {
  return withEncryption({ encryptTo }, () => sealBytes(bytes));
}

describe('a file that age wrote', () => {
  const names = Object.keys(files).filter((name) => name !== 'passphrase');
  it.each(names)('is read: %s', async (name) => {
    const folder = await temporaryFolder();
    const { age, size } = files[name]!;
    const path = join(folder, 'file');
    await writeFile(path, Buffer.from(age, 'base64'));
    await withEncryption({ identity: await keyFile(folder) }, async () => {
      expect((await readArtifact(path)).equals(ageContent(size))).toBe(true);
      expect(await contentSize(path)).toBe(size);
    });
  });

  it('is read by each of two recipients, and by nobody else', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'file');
    await writeFile(path, Buffer.from(files['two recipients']!.age, 'base64'));
    for (const text of identities) {
      const identity = await writeKeyFile(folder, text);
      await withEncryption({ identity }, async () => {
        expect(await contentSize(path)).toBe(100);
      });
    }
    await expect(readArtifact(path)).rejects.toMatchObject({ code: 'ENCRYPTION_LOCKED', exitCode: 6 });
    await writeFile(path, await sealed(ageContent(100), [recipients[1]!]));
    await withEncryption({ identity: await keyFile(folder) }, async () => {
      await expect(readArtifact(path)).rejects.toMatchObject({ code: 'ENCRYPTION_LOCKED', exitCode: 6 });
    });
  });

  it('is opened with a passphrase, and with an identity that a passphrase protects', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'file');
    await writeFile(path, Buffer.from(files['passphrase']!.age, 'base64'));
    const passphraseFile = await writeKeyFile(folder, `${passphrase}\n`);
    await withEncryption({ passphraseFile }, async () => {
      expect((await readArtifact(path)).equals(ageContent(100))).toBe(true);
    });
    await writeFile(path, Buffer.from(files['100 bytes']!.age, 'base64'));
    const identity = await writeKeyFile(folder, protectedIdentity);
    await withEncryption({ identity, passphraseFile }, async () => {
      expect((await readArtifact(path)).equals(ageContent(100))).toBe(true);
    });
    await withEncryption({ identity }, async () => {
      await expect(readArtifact(path)).rejects.toMatchObject({ code: 'IDENTITY_INVALID', exitCode: 6 });
    });
  });
});

describe('a file that is written encrypted', () => {
  const sizes = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 16 * CHUNK, 16 * CHUNK + 1];
  it.each(sizes)(
    'is what another implementation reads, with a beginning that was replaced: %i bytes',
    async (size) => {
      const path = join(await temporaryFolder(), 'file');
      const content = ageContent(size);
      await withEncryption({ encryptTo: recipients }, async () => {
        const writer = await createArtifact(path);
        await writer.write(Buffer.alloc(Math.min(4, size)));
        for (let at = 4; at < size; at += 50_000)
          await writer.write(content.subarray(at, Math.min(size, at + 50_000)));
        await writer.finish(content.subarray(0, 4));
        await writer.close();
        // Without a secret key: the writer knows the key of this file.
        expect((await readArtifact(path)).equals(content)).toBe(true);
        expect(await sha256OfContent(path)).toBe(createHash('sha256').update(content).digest('hex'));
      });
      const { readFile } = await import('node:fs/promises');
      const file = await readFile(path);
      const decrypter = new Decrypter();
      decrypter.addIdentity(secretKey(identities[1]!));
      expect(Buffer.from(await decrypter.decrypt(file)).equals(content)).toBe(true);
    },
  );

  it('can be read from any place', async () => {
    const path = join(await temporaryFolder(), 'file');
    const content = ageContent(3 * CHUNK + 5);
    await withEncryption({ encryptTo: [recipient] }, async () => {
      await writeFile(path, await sealBytes(content));
      const file = await openArtifact(path);
      for (const [position, length] of [
        [0, 8],
        [CHUNK - 3, 7],
        [5, 2 * CHUNK],
        [3 * CHUNK, 100],
        [content.length, 4],
        [content.length + CHUNK, 4],
      ] as const) {
        const expected = content.subarray(position, position + length);
        expect((await file.read(position, length)).equals(expected)).toBe(true);
      }
      await file.close();
      const pieces: Buffer[] = [];
      for await (const piece of artifactPieces(path)) pieces.push(piece);
      expect(Buffer.concat(pieces).equals(content)).toBe(true);
    });
  });
});

describe('a file that was changed', () => {
  it('is refused before a byte of it is used: cut, extended, with chunks swapped, or with any bit flipped', async () => {
    const content = ageContent(3 * CHUNK + 100);
    const file = await sealed(content);
    const folder = await temporaryFolder();
    const start = file.length - (3 * (CHUNK + 16) + 116);
    const chunk = (index: number): Buffer =>
      file.subarray(start + index * (CHUNK + 16), start + (index + 1) * (CHUNK + 16));
    const flipped = (at: number): Buffer => {
      const copy = Buffer.from(file);
      copy[at]! ^= 1;
      return copy;
    };
    const changed: Record<string, Buffer> = {
      'a byte less': file.subarray(0, -1),
      'a chunk less': file.subarray(0, start + 3 * (CHUNK + 16)),
      'cut within a chunk': file.subarray(0, start + CHUNK),
      'cut within the header': file.subarray(0, 100),
      'nothing but the header': file.subarray(0, start),
      'a byte more': Buffer.concat([file, Buffer.of(0)]),
      'chunks swapped': Buffer.concat([
        file.subarray(0, start),
        chunk(1),
        chunk(0),
        file.subarray(start + 2 * (CHUNK + 16)),
      ]),
      'a chunk left out': Buffer.concat([
        file.subarray(0, start),
        chunk(0),
        file.subarray(start + 2 * (CHUNK + 16)),
      ]),
      'a chunk of another file': Buffer.concat([
        file.subarray(0, -116),
        (await sealed(content)).subarray(-116),
      ]),
      'an endless header': Buffer.concat([file.subarray(0, 22), Buffer.alloc(200_000, 'x')]),
    };
    for (let at = 0; at < start; at += 7) changed[`byte ${at} of the header`] = flipped(at);
    for (const at of [start, start + CHUNK, start + CHUNK + 16, file.length - 1])
      changed[`byte ${at}`] = flipped(at);
    await withEncryption({ identity: await keyFile(folder) }, async () => {
      expect((await unsealBytes(file, 'file')).equals(content)).toBe(true);
      for (const [what, bytes] of Object.entries(changed)) {
        const error = await unsealBytes(bytes, 'file').then(
          (plain) => (plain.equals(bytes) ? 'not age' : 'accepted'),
          (thrown: unknown) => thrown,
        );
        // Without its first line it is no age file, and its reader says what it is not.
        if (error === 'not age') expect(what).toMatch(/^byte (0|7|14|21) of the header$/);
        else
          expect(error, what).toMatchObject({
            exitCode: 6,
            message: expect.stringContaining('file') as string,
          });
      }
    });
  });

  it('is refused when it asks for too much work, before that is done', async () => {
    const header = Buffer.from(files['passphrase']!.age, 'base64').toString('latin1');
    const greedy = Buffer.from(header.replace(/^(-> scrypt \S+) 18$/m, '$1 30'), 'latin1');
    const passphraseFile = await writeKeyFile(await temporaryFolder(), passphrase);
    await withEncryption({ passphraseFile }, async () => {
      await expect(unsealBytes(greedy, 'file')).rejects.toMatchObject({
        code: 'ENCRYPTION_DAMAGED',
        message: expect.stringContaining('2^30') as string,
      });
    });
  });
});
