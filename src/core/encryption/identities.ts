import { isToolkitError, messageOf, ToolkitError } from '../errors.js';
import { decodeText, listedIn } from '../formats/text.js';
import { readSecret } from '../secrets.js';
import { isAge, isArmored, removeArmor } from './age-header.js';
import { bytesAsSource } from './byte-source.js';
import { Keyring, type KeyWarning } from './keyring.js';
import { passphraseIdentity } from './passphrase.js';
import { openSealed } from './sealed-content.js';

/** Larger than any list of keys. */
const MAX_BYTES = 256 * 1024;
const SECRET_KEY = /^AGE-SECRET-KEY-(PQ-)?1[0-9A-Z]+$/;

/**
 * Reads a file that holds a secret. That others may read it is a warning, that they may change it an error. Throws IDENTITY_INVALID and
 * SECRET_EXPOSED.
 */
export async function readKeyFile(path: string, warn: (warning: KeyWarning) => void): Promise<Buffer> {
  // The message must not repeat a secret that was given in place of the file's name.
  if (/AGE-SECRET-KEY/i.test(path)) throw invalid('a secret key', 'give the name of the file that holds it');
  const bytes = await readSecret(path, ({ reason, remedy, isWritable }) => {
    if (!isWritable) warn({ code: 'SECRET_EXPOSED', message: `${path}: ${reason}`, hint: remedy });
    return !isWritable;
  }).catch((error: unknown) => {
    if (isToolkitError(error) && error.code === 'SECRET_EXPOSED') throw error;
    throw invalid(path, `it cannot be read (${messageOf(isToolkitError(error) ? error.cause : error)})`);
  });
  if (bytes === undefined) throw invalid(path, 'not found');
  if (bytes.length > MAX_BYTES) throw invalid(path, `more than ${MAX_BYTES} bytes`);
  return bytes;
}

/** The passphrase in a file: its first line. Throws IDENTITY_INVALID and SECRET_EXPOSED. */
export async function readPassphrase(path: string, warn: (warning: KeyWarning) => void): Promise<string> {
  const [passphrase = ''] = decodeText(await readKeyFile(path, warn)).split(/\r?\n/);
  if (passphrase === '') throw invalid(path, 'its first line, the passphrase, is empty');
  return passphrase;
}

/** Whether the content of an identity file is protected by a passphrase. */
function isProtected(file: Uint8Array): boolean {
  return isAge(file) || isArmored(file);
}

/**
 * The secret keys in an identity file as age-keygen writes it, one on a line; the file may be protected by a passphrase, as "age -p" does.
 * Throws IDENTITY_INVALID and ENCRYPTION_DAMAGED.
 */
export async function identitiesIn(file: Buffer, path: string, passphrase?: string): Promise<string[]> {
  const keys = listedIn(isProtected(file) ? await unprotect(file, path, passphrase) : decodeText(file));
  if (keys.length === 0) throw invalid(path, 'it has no key');
  for (const key of keys) if (!SECRET_KEY.test(key)) throw invalid(path, whatItIs(key));
  // Finds mistyped keys, which the library would quote in a message.
  await recipientsOf(keys, path);
  return keys;
}

/** The recipients of secret keys. Throws IDENTITY_INVALID for a mistyped one. */
export async function recipientsOf(identities: readonly string[], path: string): Promise<string[]> {
  const { identityToRecipient } = await import('age-encryption');
  try {
    return await Promise.all(identities.map((identity) => identityToRecipient(identity)));
  } catch {
    // The library's message could quote the key.
    throw invalid(path, 'a key in it is mistyped or cut');
  }
}

async function unprotect(file: Buffer, path: string, passphrase: string | undefined): Promise<string> {
  if (passphrase === undefined) throw invalid(path, 'its passphrase is needed: --passphrase-file');
  const keyring = new Keyring({ identities: () => Promise.resolve([passphraseIdentity(passphrase)]) });
  try {
    const bytes = isArmored(file) ? await removeArmor(file.toString('latin1')) : file;
    const content = await openSealed(bytesAsSource(bytes), path, (...call) => keyring.unlock(...call));
    return decodeText(await content.read(0, content.size));
  } catch (error) {
    if (isToolkitError(error) && error.code !== 'ENCRYPTION_LOCKED') throw error;
    throw invalid(path, isToolkitError(error) ? 'the passphrase does not open it' : messageOf(error));
  }
}

function whatItIs(line: string): string {
  if (line.startsWith('AGE-PLUGIN-')) return 'keys of age plug-ins are not supported';
  if (line.includes('PRIVATE KEY')) return 'SSH and PEM keys are not supported';
  if (line.startsWith('age1')) return 'it holds a recipient, the public key, where the secret key is needed';
  return 'a line is neither a secret key (AGE-SECRET-KEY-1…) nor a comment';
}

/** The error for an identity file that cannot be used. */
export function invalid(path: string, reason: string): ToolkitError {
  return new ToolkitError('IDENTITY_INVALID', { path, reason });
}
