import { createHash } from 'node:crypto';

/** The parts of a token, if it looks like one. */
export function parseToken(token: string): { id: string; secret: string } | undefined {
  const [, id, secret] = /^mnist_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/.exec(token) ?? [];
  return id !== undefined && secret !== undefined ? { id, secret } : undefined;
}

/** The SHA-256 of a token. Its secret has 256 random bits: a hash that is slow on purpose would protect it no better. */
export function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** The token in an Authorization header: as a bearer token, or as the password that a browser asks for (RFC 7617). */
export function tokenOf(header: string | undefined): string | undefined {
  const [, scheme, credentials] = /^(bearer|basic) +([^\s]{1,512})$/i.exec(header ?? '') ?? [];
  if (scheme === undefined || credentials === undefined) return undefined;
  if (scheme.toLowerCase() === 'bearer') return credentials;
  return Buffer.from(credentials, 'base64').toString('utf8').split(':').slice(1).join(':');
}

const SECRETS = /mnist_([0-9a-f]{12})_[A-Za-z0-9_-]{43}/g;

/** A text for the log, without the secrets of tokens that somebody has put where they do not belong, such as a URL. */
export function withoutSecrets(text: string): string {
  let plain = text;
  try {
    if (text.includes('%')) plain = decodeURIComponent(text);
  } catch {
    // Not a valid encoding: then nothing is hidden in it.
  }
  const redacted = plain.replaceAll(SECRETS, 'mnist_$1_…');
  return redacted === plain ? text : redacted;
}
