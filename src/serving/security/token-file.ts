import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { z } from 'zod';

import { ToolkitError, systemCodeOf } from '../../core/errors.js';
import { readError, writeFileAtomically } from '../../core/files.js';
import { withLock } from '../../core/lock.js';
import { complaintOf } from '../../core/validation.js';
import { roles, type TokenRole } from './roles.js';

/** 16 MiB of memory and some 30 ms for each guess. */
const COST: ScryptOptions = { N: 2 ** 14, r: 8, p: 1 };
const HASH_BYTES = 32;
const ID = /^[0-9a-f]{12}$/;

const storedToken = z.strictObject({
  id: z.string().regex(ID),
  /** The label: who or what uses it. */
  name: z.string(),
  role: z.enum(roles),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  salt: z.string(),
  hash: z.string(),
});

const fileSchema = z.strictObject({
  format: z.literal('mnist-train/tokens'),
  version: z.literal(1),
  tokens: z.array(storedToken),
});

/** A token as it is kept: whoever reads the file cannot use it. */
export type StoredToken = z.infer<typeof storedToken>;

const derive = promisify(
  (secret: string, salt: Buffer, done: (error: Error | null, key: Buffer) => void): void => {
    scrypt(secret, salt, HASH_BYTES, COST, done);
  },
);

/** The tokens in a file; none, where there is no file. Throws TOKENS_CORRUPT or DATA_UNREADABLE. */
export async function readTokens(path: string): Promise<StoredToken[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw readError(error, path);
  }
  try {
    return fileSchema.parse(JSON.parse(text)).tokens;
  } catch (error) {
    throw new ToolkitError('TOKENS_CORRUPT', { path, reason: complaintOf(error) }, { cause: error });
  }
}

/**
 * Creates a token and stores its hash. The token itself is only returned. Throws what `readTokens` and
 * `writeFileAtomically` throw.
 */
export async function createToken(
  path: string,
  { name, role, days }: { name: string; role: TokenRole; days: number | undefined },
): Promise<{ token: string; stored: StoredToken }> {
  const id = randomBytes(6).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  const salt = randomBytes(16);
  const now = Date.now();
  const stored: StoredToken = {
    id,
    name,
    role,
    createdAt: new Date(now).toISOString(),
    expiresAt: days === undefined ? null : new Date(now + days * 86_400_000).toISOString(),
    salt: salt.toString('base64'),
    hash: (await derive(secret, salt)).toString('base64'),
  };
  await change(path, (tokens) => [...tokens, stored]);
  return { token: `mnist_${id}_${secret}`, stored };
}

/** Removes a token from the file; a running server refuses it within seconds. Returns whether it was there. */
export async function revokeToken(path: string, id: string): Promise<boolean> {
  let isFound = false;
  await change(path, (tokens) => {
    isFound = tokens.some((token) => token.id === id);
    return tokens.filter((token) => token.id !== id);
  });
  return isFound;
}

/** The parts of a token, if it looks like one. */
export function parseToken(token: string): { id: string; secret: string } | undefined {
  const [, id, secret] = /^mnist_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/.exec(token) ?? [];
  return id !== undefined && secret !== undefined ? { id, secret } : undefined;
}

/** Whether a secret is a stored token's, in a time that does not depend on how much of it is right. */
export async function isSecretOf({ salt, hash }: StoredToken, secret: string): Promise<boolean> {
  const expected = Buffer.from(hash, 'base64');
  const found = await derive(secret, Buffer.from(salt, 'base64'));
  return expected.length === found.length && timingSafeEqual(expected, found);
}

/** Whether a token has expired. */
export function isExpired({ expiresAt }: StoredToken): boolean {
  return expiresAt !== null && Date.parse(expiresAt) <= Date.now();
}

async function change(path: string, edit: (tokens: StoredToken[]) => StoredToken[]): Promise<void> {
  await withLock(`${path}.lock`, { waitMs: 10_000 }, async () => {
    const tokens = edit(await readTokens(path));
    const file = fileSchema.parse({ format: 'mnist-train/tokens', version: 1, tokens });
    await writeFileAtomically(path, `${JSON.stringify(file, undefined, 2)}\n`);
    await chmod(path, 0o600);
  });
}
