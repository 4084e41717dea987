import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { isAge } from '../../../src/core/encryption/age-header.js';
import { readArtifact } from '../../../src/core/encryption/artifact-file.js';
import type { KeyWarning } from '../../../src/core/encryption/keyring.js';
import { ScratchFile } from '../../../src/core/encryption/scratch-file.js';
import { withEncryption, type EncryptionOptions } from '../../../src/core/encryption/session.js';
import {
  readTextIfThere,
  writeFileAtomically,
  writePublicAtomically,
  writeSecretAtomically,
} from '../../../src/core/files.js';
import { ageContent, ageFixture, writeKeyFile } from '../../support/age.js';
import { temporaryFolder } from '../../support/folders.js';

const { identities, recipients } = ageFixture;
const [first = ''] = identities;
const [recipient = ''] = recipients;

/** What a call with these keys throws before anything is done. */
async function refusal(options: EncryptionOptions): Promise<{ code: string; message: string }> {
  return withEncryption(options, () => Promise.resolve()).then(
    () => expect.fail('it was accepted'),
    (error: unknown) => error as { code: string; message: string },
  );
}

describe('what is written', () => {
  it('is encrypted for named recipients, but for what must be public or is a secret of its own', async () => {
    const folder = await temporaryFolder();
    const path = (name: string): string => join(folder, name);
    await withEncryption({ encryptTo: [recipient] }, async () => {
      await writeFileAtomically(path('data'), 'text', Buffer.from([1, 2]));
      await writePublicAtomically(path('public'), 'text');
      await writeSecretAtomically(path('secret'), 'text');
    });
    expect(isAge(await readFile(path('data')))).toBe(true);
    expect(await readFile(path('public'), 'utf8')).toBe('text');
    expect(await readFile(path('secret'), 'utf8')).toBe('text');
    await withEncryption({ identity: await writeKeyFile(folder, first) }, async () => {
      expect((await readArtifact(path('data'))).equals(Buffer.from('text\x01\x02'))).toBe(true);
    });
  });

  it('stays in plaintext with a key alone, until an encrypted file was read', async () => {
    const folder = await temporaryFolder();
    const path = (name: string): string => join(folder, name);
    const identity = await writeKeyFile(folder, first);
    const warnings: KeyWarning[] = [];
    const onWarning = (warning: KeyWarning): unknown => warnings.push(warning);
    await withEncryption({ encryptTo: [recipient] }, () => writeFileAtomically(path('sealed'), 'x'));
    await withEncryption({ identity, onWarning }, async () => {
      await writeFileAtomically(path('before'), 'x');
      expect(await readTextIfThere(path('sealed'))).toBe('x');
      await writeFileAtomically(path('after'), 'y');
      await writeFileAtomically(path('later'), 'z');
    });
    expect(await readFile(path('before'), 'utf8')).toBe('x');
    expect(isAge(await readFile(path('after')))).toBe(true);
    expect(warnings.map(({ code }) => code)).toEqual(['ENCRYPTED_TO_SELF']);
    await withEncryption({ identity }, async () => {
      expect(await readTextIfThere(path('later'))).toBe('z');
    });
  });

  it('may grow by pieces in a temporary file', async () => {
    const folder = await temporaryFolder();
    await withEncryption({ encryptTo: [recipient] }, async () => {
      const file = new ScratchFile(join(folder, 'pieces'));
      for (const size of [100, 0, 70_000]) await file.append(ageContent(size));
      expect((await readFile(file.path)).includes(ageContent(100))).toBe(false);
      expect((await file.read()).equals(Buffer.concat([ageContent(100), ageContent(70_000)]))).toBe(true);
      await file.remove();
    });
  });
});

describe('recipients', () => {
  it('come from files too', async () => {
    const folder = await temporaryFolder();
    const list = join(folder, 'team.txt');
    await writeFile(list, `# the team\n${recipients.join('\r\n')}\n`);
    await withEncryption({ encryptTo: [list] }, () => writeFileAtomically(join(folder, 'data'), 'x'));
    for (const text of identities) {
      await withEncryption({ identity: await writeKeyFile(folder, text) }, async () => {
        expect(await readTextIfThere(join(folder, 'data'))).toBe('x');
      });
    }
  });

  it.each([
    ['age1mistyped', /"age1mistyped" is not a recipient/],
    [`${recipient.slice(0, -1)}q`, /is not a recipient: mistyped or cut/],
    ['no-such-file', /"no-such-file" is neither a recipient/],
    ['ssh-ed25519 AAAA', /SSH keys are not supported/],
    [/AGE-SECRET-KEY-1\w+/.exec(first)![0], /a secret key was given/],
  ])('are refused with exit code 2: %s', async (given, message) => {
    const error = await refusal({ encryptTo: [given] });
    expect(error).toMatchObject({ code: 'ENCRYPTION_REFUSED', exitCode: 2 });
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('AGE-SECRET-KEY-1');
  });

  it('are never none', async () => {
    expect(await refusal({ encryptTo: [] })).toMatchObject({ code: 'ENCRYPTION_REFUSED' });
  });

  it('are never a passphrase beside others, or without its file', async () => {
    for (const encryptTo of [['passphrase', recipient], ['passphrase']]) {
      expect(await refusal({ encryptTo })).toMatchObject({ code: 'ENCRYPTION_REFUSED' });
    }
  });
});

describe('a key file', () => {
  it('that others can read is a warning, and one that they can change is refused', async () => {
    const folder = await temporaryFolder();
    const warnings: KeyWarning[] = [];
    const onWarning = (warning: KeyWarning): unknown => warnings.push(warning);
    const identity = await writeKeyFile(folder, first, 0o644);
    await withEncryption({ identity, onWarning }, () => Promise.resolve());
    expect(warnings).toMatchObject([{ code: 'SECRET_EXPOSED', hint: `run "chmod 600 ${identity}"` }]);
    const { chmod } = await import('node:fs/promises');
    await chmod(identity, 0o666);
    expect((await stat(identity)).mode & 0o777).toBe(0o666);
    expect(await refusal({ identity })).toMatchObject({ code: 'SECRET_EXPOSED', exitCode: 2 });
  });

  it('that is missing or a folder is refused at once', async () => {
    const folder = await temporaryFolder();
    for (const identity of [join(folder, 'none'), folder]) {
      const error = await refusal({ identity });
      expect(error).toMatchObject({ code: 'IDENTITY_INVALID', exitCode: 6 });
      expect(error.message).toContain(identity);
    }
    expect((await refusal({ identity: /AGE-SECRET-KEY-1\w+/.exec(first)![0] })).message).not.toContain(
      'KEY-1',
    );
    expect(await refusal({ passphraseFile: await writeKeyFile(folder, '\n') })).toMatchObject({
      code: 'IDENTITY_INVALID',
    });
  });

  it.each([
    ['nothing', '# only a comment\n', /it has no key/],
    ['a public key', `${recipient}\n`, /it holds a recipient/],
    ['an SSH key', '-----BEGIN OPENSSH PRIVATE KEY-----\n', /SSH and PEM keys/],
    ['a plug-in', 'AGE-PLUGIN-YUBIKEY-1QQ\n', /plug-ins/],
    ['other text', 'hello\n', /neither a secret key/],
    ['a cut key', first.trim().slice(0, -1), /./],
  ])('that holds %s is refused when it is needed', async (_, text, message) => {
    const folder = await temporaryFolder();
    const path = join(folder, 'data');
    await withEncryption({ encryptTo: [recipient] }, () => writeFileAtomically(path, 'x'));
    await withEncryption({ identity: await writeKeyFile(folder, text) }, async () => {
      const error = await readArtifact(path).then(
        () => expect.fail('it was accepted'),
        (thrown: unknown) => thrown as { code: string; message: string },
      );
      expect(error).toMatchObject({ code: 'IDENTITY_INVALID', exitCode: 6 });
      expect(error.message).toMatch(message);
      expect(error.message).not.toContain('AGE-SECRET-KEY-1Q');
    });
  });
});
