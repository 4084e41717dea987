import { randomBytes } from 'node:crypto';

import { z } from 'zod';

import { MODEL_NAME } from '../../artifacts/model-registry.js';
import { ToolkitError } from '../../core/errors.js';
import { writeSecretAtomically } from '../../core/files.js';
import { withLock } from '../../core/lock.js';
import { readSecret } from '../../core/secrets.js';
import { complaintOf } from '../../core/validation.js';
import { roles, type TokenRole } from './roles.js';
import { digestOf } from './token.js';

const ID = /^[0-9a-f]{12}$/;

const described = z.strictObject({
  id: z.string().regex(ID),
  /** The label: who or what uses it. */
  name: z.string(),
  role: z.enum(roles),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  /** The models that it may be used for; left out, all. */
  models: z.array(z.string().regex(MODEL_NAME)).min(1).max(100).optional(),
  /** Requests a day that it may send; left out, any number. */
  quota: z.int().min(1).optional(),
  /** Whether it may read the model's weights; left out, as in earlier versions, it may. */
  weights: z.boolean().optional(),
});

/** What a token's secret is compared with: its SHA-256, or what version 0.1 stored, a salted scrypt hash. */
const storedToken = z.union([
  described.extend({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  described.extend({ salt: z.string(), hash: z.string() }),
]);

const fileSchema = z.strictObject({
  format: z.literal('mnist-train/tokens'),
  version: z.union([z.literal(1), z.literal(2)]),
  tokens: z.array(storedToken),
});

/** A token as it is kept: whoever reads the file cannot use it. */
export type StoredToken = z.infer<typeof storedToken>;

/** Whether a token may read the model's weights; those of administrators always may. */
export function mayReadWeights({ role, weights = true }: Pick<StoredToken, 'role' | 'weights'>): boolean {
  return weights || role === 'administer';
}

/** What is chosen when a token is created. */
export interface TokenChoices {
  name: string;
  role: TokenRole;
  /** Until it expires; undefined for never. */
  days: number | undefined;
  /** The models that it may be used for; left out, all. */
  models?: readonly string[] | undefined;
  /** Requests a day that it may send. */
  quota?: number | undefined;
  /** Whether it may read the model's weights; left out, it may. */
  weights?: boolean | undefined;
}

/**
 * The tokens in a file; none, where there is no file. Throws TOKENS_CORRUPT, DATA_UNREADABLE, and SECRET_EXPOSED where others can read
 * or write it.
 */
export async function readTokens(path: string): Promise<StoredToken[]> {
  const bytes = await readSecret(path);
  if (bytes === undefined) return [];
  try {
    return fileSchema.parse(JSON.parse(bytes.toString('utf8'))).tokens;
  } catch (error) {
    throw new ToolkitError('TOKENS_CORRUPT', { path, reason: complaintOf(error) }, { cause: error });
  }
}

/**
 * Creates a token and stores its hash. The token itself is only returned. Throws what `readTokens` and
 * `writeSecretAtomically` throw.
 *
 * @param announce called before the token is stored; if it throws, none is
 */
export async function createToken(
  path: string,
  { name, role, days, models, quota, weights }: TokenChoices,
  announce: (stored: StoredToken) => Promise<void> = () => Promise.resolve(),
): Promise<{ token: string; stored: StoredToken }> {
  const id = randomBytes(6).toString('hex');
  const token = `mnist_${id}_${randomBytes(32).toString('base64url')}`;
  const now = Date.now();
  const stored: StoredToken = {
    id,
    name,
    role,
    createdAt: new Date(now).toISOString(),
    expiresAt: days === undefined ? null : new Date(now + days * 86_400_000).toISOString(),
    ...(models && models.length > 0 && { models: [...models] }),
    ...(quota !== undefined && { quota }),
    ...(weights !== undefined && { weights }),
    sha256: digestOf(token).toString('hex'),
  };
  // Nothing is announced of a file that cannot be used.
  await readTokens(path);
  await announce(stored);
  await change(path, (tokens) => [...tokens, stored]);
  return { token, stored };
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

/** Whether a token has expired. */
export function isExpired({ expiresAt }: StoredToken): boolean {
  return expiresAt !== null && Date.parse(expiresAt) <= Date.now();
}

async function change(path: string, edit: (tokens: StoredToken[]) => StoredToken[]): Promise<void> {
  await withLock(`${path}.lock`, { waitMs: 10_000 }, async () => {
    const tokens = edit(await readTokens(path));
    const file = fileSchema.parse({ format: 'mnist-train/tokens', version: 2, tokens });
    await writeSecretAtomically(path, `${JSON.stringify(file, undefined, 2)}\n`);
  });
}
