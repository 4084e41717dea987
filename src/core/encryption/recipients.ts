import { readFile, stat } from 'node:fs/promises';

import { messageOf, ToolkitError } from '../errors.js';
import { decodeText, listedIn } from '../formats/text.js';

/** Stands for the passphrase among recipients. */
export const PASSPHRASE = 'passphrase';
const MAX_BYTES = 256 * 1024;

/**
 * Recipients of `--encrypt-to`: public keys (age1…), files that list some, one on a line, or the word "passphrase". Throws ENCRYPTION_REFUSED for
 * what is none of these.
 */
export async function parseRecipients(given: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(
    given.map(async (name) => (isKeyOrWord(name) ? [name] : recipientsIn(name))),
  );
  const recipients = [...new Set(lists.flat())];
  if (recipients.length === 0) throw refused('no recipients are given', HINT);
  if (recipients.includes(PASSPHRASE) && recipients.length > 1) {
    throw refused('a passphrase must be the only recipient of a file', 'leave out one or the other');
  }
  for (const recipient of recipients) if (recipient !== PASSPHRASE) await requireRecipient(recipient);
  return recipients;
}

function isKeyOrWord(name: string): boolean {
  return name === PASSPHRASE || /^age1[0-9a-z]+$/.test(name) || /^(AGE-|ssh-)/i.test(name);
}

async function recipientsIn(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile() || found.size > MAX_BYTES) {
    throw refused(`"${path}" is neither a recipient (age1…) nor a file of recipients`, HINT);
  }
  const bytes = await readFile(path).catch((error: unknown) => {
    throw refused(`${path}: cannot be read (${messageOf(error)})`, 'make the list of recipients readable');
  });
  const recipients = listedIn(decodeText(bytes));
  if (recipients.length === 0) throw refused(`${path}: no recipient in it`, HINT);
  return recipients;
}

const HINT = '"mnist keys show --identity FILE" prints the recipient of an identity file';

async function requireRecipient(recipient: string): Promise<void> {
  if (/^AGE-SECRET-KEY/i.test(recipient)) {
    throw refused('a secret key was given, where the recipient (age1…), the public key, is needed', HINT);
  }
  if (recipient.startsWith('ssh-')) throw refused('SSH keys are not supported as recipients', HINT);
  const { Encrypter } = await import('age-encryption');
  try {
    new Encrypter().addRecipient(recipient);
  } catch {
    throw refused(`${JSON.stringify(recipient.slice(0, 100))} is not a recipient: mistyped or cut`, HINT);
  }
}

function refused(reason: string, hint: string): ToolkitError {
  return new ToolkitError('ENCRYPTION_REFUSED', { reason, hint });
}
