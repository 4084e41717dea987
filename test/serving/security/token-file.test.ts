import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { Authenticator } from '../../../src/serving/security/authenticator.js';
import { createToken, readTokens, revokeToken } from '../../../src/serving/security/token-file.js';
import { failureOf, toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';

const infer = { name: 'app', role: 'infer', days: undefined } as const;

it('a token proves who asks; its file holds only a salted hash, for its owner alone', async () => {
  const path = join(await temporaryFolder(), 'tokens.json');
  const { token, stored } = await createToken(path, infer);
  const file = await readFile(path, 'utf8');
  expect(file).not.toContain(token.split('_')[2]);
  expect((await stat(path)).mode & 0o077).toBe(0);
  const authenticator = new Authenticator(path);
  expect(await authenticator.count()).toBe(1);
  expect(await authenticator.authenticate(`Bearer ${token}`)).toEqual({ id: stored.id, role: 'infer' });
});

it('two tokens with one name have different salts, hashes and secrets', async () => {
  const path = join(await temporaryFolder(), 'tokens.json');
  const [first, second] = [await createToken(path, infer), await createToken(path, infer)];
  expect(new Set([first.token, second.token]).size).toBe(2);
  expect(first.stored.salt).not.toBe(second.stored.salt);
  expect((await readTokens(path)).map(({ id }) => id)).toEqual([first.stored.id, second.stored.id]);
});

it.each([
  undefined,
  '',
  'Bearer',
  'Bearer x',
  'Bearer mnist_0_0',
  'Digest abc',
  `Bearer ${'x'.repeat(5000)}`,
])('the header %j proves nothing', async (header) => {
  const path = join(await temporaryFolder(), 'tokens.json');
  await createToken(path, infer);
  const failure = await failureOf(new Authenticator(path).authenticate(header));
  expect(failure).toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
});

it('the secret of another token does not fit', async () => {
  const path = join(await temporaryFolder(), 'tokens.json');
  const [first, second] = [await createToken(path, infer), await createToken(path, infer)];
  const mixed = `Bearer mnist_${first.stored.id}_${second.token.split('_').slice(2).join('_')}`;
  const authenticator = new Authenticator(path);
  // The second time, it is remembered to be wrong.
  for (let time = 0; time < 2; time++) {
    expect(await failureOf(authenticator.authenticate(mixed))).toMatchObject({ status: 401 });
  }
});

it('an expired or revoked token is no longer valid', async () => {
  const path = join(await temporaryFolder(), 'tokens.json');
  const { token } = await createToken(path, { ...infer, days: -1 });
  const { stored } = await createToken(path, infer);
  expect(await failureOf(new Authenticator(path).authenticate(`Bearer ${token}`))).toMatchObject({
    status: 401,
  });
  expect(await new Authenticator(path).count()).toBe(1);
  expect(await revokeToken(path, stored.id)).toBe(true);
  expect(await revokeToken(path, stored.id)).toBe(false);
  expect(await new Authenticator(path).count()).toBe(0);
});

it('a damaged file is an error that names it', async () => {
  const path = join(await temporaryFolder(), 'tokens.json');
  await writeFile(path, '{"format":"mnist-train/tokens","version":1,"tokens":[{}]}');
  expect((await toolkitError('TOKENS_CORRUPT', readTokens(path))).message).toContain(path);
});
