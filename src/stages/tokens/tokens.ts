import { AuditLog, currentActor } from '../../artifacts/audit.js';
import { ModelRegistry } from '../../artifacts/model-registry.js';
import { asToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import {
  createToken,
  readTokens,
  revokeToken,
  type StoredToken,
  type TokenChoices,
} from '../../serving/security/token-file.js';

/** Where tokens are stored, and the registry whose audit log records what is done with them. */
export interface TokenPlaces {
  tokensFile: string;
  registryDir: string;
}

/**
 * Creates an access token, after the audit log has a record of it. The token itself is only returned. Throws what `createToken` and
 * `AuditLog.append` throw; then there is no new token.
 */
export async function createAccessToken(
  { tokensFile, registryDir }: TokenPlaces,
  choices: TokenChoices,
): Promise<{ token: string; stored: StoredToken }> {
  return createToken(tokensFile, choices, async ({ id, role, name, expiresAt }) => {
    const { models = [], quota = null, weights = true } = choices;
    const rights = { models: models.join(', '), quota, weights };
    await record(registryDir, 'tokens create', id, { role, name, expiresAt, tokensFile, ...rights });
  });
}

/**
 * Revokes an access token; returns whether there was one. An audit log that cannot be written is a warning here: it must not keep a token
 * valid. Throws what `revokeToken` throws.
 */
export async function revokeAccessToken(
  { tokensFile, registryDir }: TokenPlaces,
  id: string,
  { emit }: Pick<StageContext, 'emit'>,
): Promise<boolean> {
  const token = (await readTokens(tokensFile)).find((stored) => stored.id === id);
  if (!token) return false;
  const { role, name } = token;
  const details = { role, name, tokensFile };
  const failure = await record(registryDir, 'tokens revoke', id, details).catch(asToolkitError);
  const isRevoked = await revokeToken(tokensFile, id);
  if (failure) {
    const hint = 'the token was revoked all the same; repair the log and note it there';
    emit({ event: 'warning', code: failure.code, message: failure.message, hint });
  }
  return isRevoked;
}

async function record(
  registryDir: string,
  action: 'tokens create' | 'tokens revoke',
  id: string,
  details: Readonly<Record<string, string | number | boolean | null>>,
): Promise<undefined> {
  const log = new AuditLog(new ModelRegistry(registryDir).auditFile);
  await log.append({ actor: currentActor(), action, subject: `token ${id}`, details: { ...details } });
  return undefined;
}
