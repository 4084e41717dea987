import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { ModelRegistry } from '../../../src/artifacts/model-registry.js';
import { isAge } from '../../../src/core/encryption/age-header.js';
import { readArtifact } from '../../../src/core/encryption/artifact-file.js';
import { withEncryption } from '../../../src/core/encryption/session.js';
import { silentContext } from '../../../src/core/events.js';
import { decryptFiles, encryptFiles, generateKey, showRecipients } from '../../../src/stages/keys/keys.js';
import { ageContent, ageFixture, writeKeyFile } from '../../support/age.js';
import { temporaryFolder } from '../../support/folders.js';
import { registerMadeUp } from '../../support/registry.js';

const context = silentContext();
const { recipients, identities } = ageFixture;

describe('generate', () => {
  it('makes a key that only its owner can read, and never replaces one', async () => {
    const path = join(await temporaryFolder(), 'key.txt');
    const { recipient } = await generateKey(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).toMatch(
      new RegExp(`^# created: .*\\n# public key: ${recipient}\\nAGE-SECRET-KEY-1\\w+\\n$`),
    );
    await withEncryption({ identity: path }, async () => {
      expect(await showRecipients()).toEqual([recipient]);
    });
    await expect(generateKey(path)).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
  });

  it('protects it by a passphrase, and by nothing else', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'key.txt');
    const passphraseFile = await writeKeyFile(folder, 'correct horse\n');
    for (const options of [{ encryptTo: recipients }, { passphraseFile }]) {
      await withEncryption(options, async () => {
        await expect(generateKey(path)).rejects.toMatchObject({ code: 'ENCRYPTION_REFUSED' });
      });
    }
    const { recipient } = await withEncryption({ encryptTo: ['passphrase'], passphraseFile }, () =>
      generateKey(path),
    );
    expect(isAge(await readFile(path))).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await withEncryption({ identity: path, passphraseFile }, async () => {
      expect(await showRecipients()).toEqual([recipient]);
    });
  });
});

describe('encrypt and decrypt', () => {
  it('change the files in a folder in place, but for what must be readable', async () => {
    const folder = await temporaryFolder();
    const identity = await writeKeyFile(folder, identities[0]!);
    const run = join(folder, 'run');
    await mkdir(join(run, 'reports'), { recursive: true });
    const large = join(run, 'best.safetensors');
    await writeFile(large, ageContent(100_000), { mode: 0o640 });
    await writeFile(join(run, 'reports', 'test.json'), '{}');
    await writeFile(join(run, 'run.lock'), 'a process');
    for (const path of ['_policy/1.json', `promotions/${'0'.repeat(64)}.json`, 'promotions/image.png']) {
      await mkdir(dirname(join(run, path)), { recursive: true });
      await writeFile(join(run, path), '{}');
    }
    await writeFile(join(run, 'model.sig'), '{}');
    const { files } = await withEncryption({ encryptTo: recipients.slice(0, 1) }, () =>
      encryptFiles([run], context),
    );
    // What is signed must be verified without a key; a class of images may be called like the folder of approvals.
    const image = join(run, 'promotions', 'image.png');
    expect(files).toEqual([large, image, join(run, 'reports', 'test.json')]);
    expect(isAge(await readFile(large))).toBe(true);
    expect((await stat(large)).mode & 0o777).toBe(0o640);
    expect(await readFile(join(run, 'run.lock'), 'utf8')).toBe('a process');

    // Anew, for the other one alone.
    await withEncryption({ identity, encryptTo: recipients.slice(1) }, () => encryptFiles([large], context));
    await withEncryption({ identity }, async () => {
      await expect(readArtifact(large)).rejects.toMatchObject({ code: 'ENCRYPTION_LOCKED' });
      await expect(encryptFiles([large], context)).rejects.toMatchObject({ code: 'USAGE' });
    });
    await withEncryption({ identity: await writeKeyFile(folder, identities[1]!) }, async () => {
      const output = join(folder, 'plain');
      await decryptFiles([large], output, context);
      expect((await readFile(output)).equals(ageContent(100_000))).toBe(true);
      expect((await stat(output)).mode & 0o777).toBe(0o600);
      await expect(decryptFiles([large], output, context)).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
      expect(await decryptFiles([large], undefined, context)).toEqual({ files: [large] });
      expect((await readFile(large)).equals(ageContent(100_000))).toBe(true);
      expect(await decryptFiles([large], undefined, context)).toEqual({ files: [] });
    });
  });

  it('leave deployed models and a damaged file as they are', async () => {
    const folder = await temporaryFolder();
    const registry = new ModelRegistry(join(folder, 'models'));
    await registerMadeUp(registry, 'digits');
    const damaged = join(folder, 'damaged');
    const file = Buffer.from(ageFixture.files['65536 bytes']!.age, 'base64');
    file[file.length - 20]! ^= 1;
    await writeFile(damaged, file);
    const identity = await writeKeyFile(folder, identities[0]!);
    await withEncryption({ identity, encryptTo: recipients }, async () => {
      await expect(encryptFiles([registry.folder], context)).rejects.toMatchObject({
        code: 'ENCRYPTION_REFUSED',
      });
      await expect(decryptFiles([damaged], undefined, context)).rejects.toMatchObject({
        code: 'ENCRYPTION_DAMAGED',
      });
      await expect(encryptFiles([join(folder, 'none')], context)).rejects.toMatchObject({
        code: 'DATA_UNREADABLE',
      });
    });
    expect((await readFile(damaged)).equals(file)).toBe(true);
    await registry.resolve('digits', 1);
  });
});
