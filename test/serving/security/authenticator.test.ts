import { randomBytes, scryptSync } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { Authenticator } from '../../../src/serving/security/authenticator.js';
import { createToken, revokeToken } from '../../../src/serving/security/token-file.js';
import { failureOf } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';

const infer = { name: 'app', role: 'infer', days: undefined } as const;
const HERE = '192.0.2.1';

const tokensFile = async (): Promise<string> => join(await temporaryFolder(), 'tokens.json');
const otherSecret = (token: string): string =>
  `${token.slice(0, 'mnist_0123456789ab_'.length)}${randomBytes(32).toString('base64url')}`;

it('a token proves who asks', async () => {
  const path = await tokensFile();
  const { token, stored } = await createToken(path, infer);
  const authenticator = new Authenticator(path);
  expect(await authenticator.count()).toEqual({ valid: 1, slow: 0 });
  const caller = { id: stored.id, role: 'infer', weights: true };
  expect(await authenticator.authenticate(`Bearer ${token}`, HERE)).toEqual(caller);
  const password = Buffer.from(`me:${token}`).toString('base64');
  expect(await authenticator.authenticate(`Basic ${password}`, HERE)).toEqual(caller);
});

it.each([
  undefined,
  '',
  'Bearer',
  'Bearer x',
  'Bearer mnist_0_0',
  'Digest abc',
  `Bearer ${'x'.repeat(5000)}`,
  `Bearer mnist_0123456789ab_${'A'.repeat(43)}`,
  'Bearer __proto__',
])('the header %j proves nothing', async (header) => {
  const path = await tokensFile();
  await createToken(path, infer);
  const failure = await failureOf(new Authenticator(path).authenticate(header, HERE));
  expect(failure).toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
});

it('the secret of another token does not fit', async () => {
  const path = await tokensFile();
  const [first, second] = [await createToken(path, infer), await createToken(path, infer)];
  const mixed = `Bearer mnist_${first.stored.id}_${second.token.split('_').slice(2).join('_')}`;
  const authenticator = new Authenticator(path);
  expect(await failureOf(authenticator.authenticate(mixed, HERE))).toMatchObject({ status: 401 });
});

it('an expired or revoked token is no longer valid', async () => {
  const path = await tokensFile();
  const { token } = await createToken(path, { ...infer, days: -1 });
  const { stored } = await createToken(path, infer);
  const failure = await failureOf(new Authenticator(path).authenticate(`Bearer ${token}`, HERE));
  expect(failure).toMatchObject({ status: 401 });
  expect(await new Authenticator(path).count()).toEqual({ valid: 1, slow: 0 });
  await revokeToken(path, stored.id);
  expect(await new Authenticator(path).count()).toEqual({ valid: 0, slow: 0 });
});

it('while others can change the file, nobody is let in; then again, without a restart', async () => {
  const path = await tokensFile();
  const { token } = await createToken(path, infer);
  const authenticator = new Authenticator(path);
  await authenticator.count();
  const statusNow = async (): Promise<number> => {
    const result = await authenticator.authenticate(`Bearer ${token}`, HERE).catch((error: unknown) => error);
    return (result as { status?: number }).status ?? 200;
  };
  expect(await statusNow()).toBe(200);
  await chmod(path, 0o666);
  await expect.poll(statusNow, { timeout: 5000 }).toBe(503);
  expect(await failureOf(authenticator.authenticate(`Bearer ${token}`, HERE))).toMatchObject({
    code: 'NOT_READY',
    cause: { code: 'SECRET_EXPOSED' },
  });
  await chmod(path, 0o600);
  await expect.poll(statusNow, { timeout: 5000 }).toBe(200);
});

describe('tokens of version 0.1, with their slow hashes', () => {
  /** A file with some of them, and the tokens. */
  const oldFile = async (count: number): Promise<{ path: string; tokens: string[] }> => {
    const path = await tokensFile();
    const made = Array.from({ length: count }, (_, index) => {
      const id = index.toString(16).padStart(12, '0');
      const [salt, secret] = [randomBytes(16), randomBytes(32).toString('base64url')];
      const hash = scryptSync(secret, salt, 32, { N: 2 ** 14, r: 8, p: 1 }).toString('base64');
      const described = {
        id,
        name: '',
        role: 'infer',
        createdAt: '2026-01-02T03:04:05.678Z',
        expiresAt: null,
      };
      return {
        token: `mnist_${id}_${secret}`,
        stored: { ...described, salt: salt.toString('base64'), hash },
      };
    });
    const file = { format: 'mnist-train/tokens', version: 1, tokens: made.map(({ stored }) => stored) };
    await writeFile(path, JSON.stringify(file), { mode: 0o600 });
    return { path, tokens: made.map(({ token }) => token) };
  };

  it('are valid still, also when many requests come at once; a wrong secret is not', async () => {
    const { path, tokens } = await oldFile(1);
    const authenticator = new Authenticator(path);
    expect(await authenticator.count()).toEqual({ valid: 1, slow: 1 });
    const header = `Bearer ${tokens[0]!}`;
    const callers = await Promise.all(
      Array.from({ length: 20 }, () => authenticator.authenticate(header, HERE)),
    );
    expect(new Set(callers.map(({ id }) => id))).toEqual(new Set(['000000000000']));
    expect(
      await failureOf(authenticator.authenticate(`Bearer ${otherSecret(tokens[0]!)}`, HERE)),
    ).toMatchObject({
      status: 401,
    });
  });

  it('a flood of wrong secrets for one, from many networks, is bounded and keeps out nobody with another', async () => {
    const { path, tokens } = await oldFile(2);
    const { token: current } = await createToken(path, infer);
    const authenticator = new Authenticator(path);
    await authenticator.count();
    const flood = Array.from({ length: 100 }, (_, index) =>
      failureOf(authenticator.authenticate(`Bearer ${otherSecret(tokens[0]!)}`, `192.0.2.${index}`)),
    );
    expect(await authenticator.authenticate(`Bearer ${current}`, HERE)).toMatchObject({ role: 'infer' });
    expect(await authenticator.authenticate(`Bearer ${tokens[1]!}`, HERE)).toMatchObject({
      id: '000000000001',
    });
    const statuses = (await Promise.all(flood)).map((failure) => (failure as { status: number }).status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(4);
    expect(statuses.filter((status) => status === 429)).toHaveLength(96);
    // The flood is over: its own token is heard again.
    expect(await authenticator.authenticate(`Bearer ${tokens[0]!}`, HERE)).toMatchObject({
      id: '000000000000',
    });
  });
});
