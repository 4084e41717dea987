import { randomBytes, scryptSync } from 'node:crypto';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { createToken, readTokens, revokeToken } from '../../../src/serving/security/token-file.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';

const infer = { name: 'app', role: 'infer', days: undefined } as const;

const tokensFile = async (): Promise<string> => join(await temporaryFolder(), 'tokens.json');

it('the file holds only a hash of the token, for its owner alone', async () => {
  const path = await tokensFile();
  const { token, stored } = await createToken(path, infer);
  const file = await readFile(path, 'utf8');
  expect(file).not.toContain(token.split('_')[2]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readTokens(path)).toEqual([stored]);
});

it.each([0o000, 0o027, 0o177])('its mode does not depend on the umask %o', async (umask) => {
  const path = await tokensFile();
  const before = process.umask(umask);
  try {
    await createToken(path, infer);
  } finally {
    process.umask(before);
  }
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

it('two tokens with one name have different hashes and secrets', async () => {
  const path = await tokensFile();
  const [first, second] = [await createToken(path, infer), await createToken(path, infer)];
  expect(new Set([first.token, second.token]).size).toBe(2);
  expect(first.stored).not.toEqual(second.stored);
  expect((await readTokens(path)).map(({ id }) => id)).toEqual([first.stored.id, second.stored.id]);
});

it('tokens of version 0.1 stay in the file when another one is added or revoked', async () => {
  const path = await tokensFile();
  const salt = randomBytes(16);
  const old = {
    ...{
      id: '0123456789ab',
      name: 'old',
      role: 'infer',
      createdAt: '2026-01-02T03:04:05.678Z',
      expiresAt: null,
    },
    salt: salt.toString('base64'),
    hash: scryptSync('x', salt, 32).toString('base64'),
  };
  const file = { format: 'mnist-train/tokens', version: 1, tokens: [old] };
  await writeFile(path, JSON.stringify(file), { mode: 0o600 });
  const { stored } = await createToken(path, infer);
  expect(await readTokens(path)).toEqual([old, stored]);
  expect(await revokeToken(path, stored.id)).toBe(true);
  expect(await revokeToken(path, stored.id)).toBe(false);
  expect(await readTokens(path)).toEqual([old]);
});

it('nothing is created that cannot be announced, and nothing announced that cannot be created', async () => {
  const path = await tokensFile();
  const failing = createToken(path, infer, () => Promise.reject(new Error('the log is full')));
  await expect(failing).rejects.toThrow('the log is full');
  expect(await readTokens(path)).toEqual([]);
  await writeFile(path, '{', { mode: 0o600 });
  const announced: string[] = [];
  await toolkitError(
    'TOKENS_CORRUPT',
    createToken(path, infer, ({ id }) => Promise.resolve(void announced.push(id))),
  );
  expect(announced).toEqual([]);
});

it('a damaged file is an error that names it', async () => {
  const path = await tokensFile();
  await writeFile(path, '{"format":"mnist-train/tokens","version":1,"tokens":[{}]}', { mode: 0o600 });
  expect((await toolkitError('TOKENS_CORRUPT', readTokens(path))).message).toContain(path);
});

it.each([0o644, 0o640, 0o604, 0o666, 0o602, 0o620])(
  'a file with the mode %o is neither read nor changed',
  async (mode) => {
    const path = await tokensFile();
    const { stored } = await createToken(path, infer);
    const before = await readFile(path, 'utf8');
    await chmod(path, mode);
    const error = await toolkitError('SECRET_EXPOSED', readTokens(path));
    expect(error.message).toContain(mode.toString(8));
    expect(error.hint).toContain(`chmod 600 ${path}`);
    await toolkitError('SECRET_EXPOSED', createToken(path, infer));
    await toolkitError('SECRET_EXPOSED', revokeToken(path, stored.id));
    expect(await readFile(path, 'utf8')).toBe(before);
  },
);

it('nor is one in a folder where every user could replace it, unless the folder is sticky', async () => {
  const folder = join(await temporaryFolder(), 'open');
  await mkdir(folder);
  const path = join(folder, 'tokens.json');
  const { stored } = await createToken(path, infer);
  await chmod(folder, 0o777);
  expect((await toolkitError('SECRET_EXPOSED', readTokens(path))).hint).toContain(`chmod o-w ${folder}`);
  await chmod(folder, 0o1777);
  expect(await readTokens(path)).toEqual([stored]);
});
