import { AsyncLocalStorage } from 'node:async_hooks';

import type { Recipient } from 'age-encryption';

import { ToolkitError } from '../errors.js';
import { identitiesIn, readKeyFile, readPassphrase, recipientsOf } from './identities.js';
import { Keyring, type KeyringSources, type KeyWarning } from './keyring.js';
import { passphraseIdentity, passphraseRecipient } from './passphrase.js';
import { parseRecipients, PASSPHRASE } from './recipients.js';

/** How files are encrypted and decrypted, for `withEncryption`. */
export interface EncryptionOptions {
  /** For whom new files are encrypted: recipients (`age1…`), files that list some, or `passphrase`. */
  encryptTo?: readonly string[] | undefined;
  /** The file of the secret keys that open encrypted files. */
  identity?: string | undefined;
  /** The file of the passphrase, of encrypted files or of the identity file. */
  passphraseFile?: string | undefined;
  /** Receives warnings, such as of a key that others can read. */
  onWarning?: (warning: KeyWarning) => void;
}

const current = new AsyncLocalStorage<Keyring>();
/** Where nobody gave keys: encrypted files are refused by name. */
const noKeys = new Keyring();

/** The keys of the command or call that this code runs for. */
export function currentKeyring(): Keyring {
  return current.getStore() ?? noKeys;
}

/**
 * Runs an action that encrypts the files that it writes, and decrypts those that it reads, with the given keys. Throws ENCRYPTION_REFUSED,
 * IDENTITY_INVALID, SECRET_EXPOSED, and what the action throws.
 *
 * @example
 * ```js
 * await withEncryption({ encryptTo: ['age1…'], identity: 'key.txt' }, () => train({ epochs: 3 }));
 * ```
 */
export async function withEncryption<Result>(
  options: EncryptionOptions,
  action: () => Promise<Result>,
): Promise<Result> {
  const { encryptTo, identity, passphraseFile } = options;
  const hasKeys = encryptTo !== undefined || identity !== undefined || passphraseFile !== undefined;
  if (hasKeys) return current.run(new Keyring(await sourcesOf(options)), action);
  // Following keys through every promise takes time, which those without keys need not spend.
  return currentKeyring() === noKeys ? action() : current.run(noKeys, action);
}

/** The action with the keys that this code has, for whoever calls it later, such as a request to a server. */
export function keepKeys<Arguments extends unknown[], Result>(
  action: (...given: Arguments) => Result,
): (...given: Arguments) => Result {
  const keyring = currentKeyring();
  if (keyring === noKeys) return action;
  return (...given) => current.run(keyring, () => action(...given));
}

async function sourcesOf(options: EncryptionOptions): Promise<KeyringSources> {
  const { encryptTo, identity, passphraseFile, onWarning: warn = () => undefined } = options;
  const names = encryptTo ? await parseRecipients(encryptTo) : [];
  const passphrase = passphraseFile === undefined ? undefined : await readPassphrase(passphraseFile, warn);
  const file = identity === undefined ? undefined : await readKeyFile(identity, warn);
  let keys: Promise<string[]> | undefined;
  // Opening a protected file takes a second, and most commands read no encrypted file.
  const keysOf = (): Promise<string[]> =>
    (keys ??= file ? identitiesIn(file, identity ?? '', passphrase) : Promise.resolve([]));
  const phrase = passphrase === undefined ? [] : [passphraseIdentity(passphrase)];
  return {
    recipients: names.map((name) => (name === PASSPHRASE ? recipientFor(passphrase) : name)),
    identities: async () => [...(await keysOf()), ...phrase],
    async ownRecipients(): Promise<(string | Recipient)[]> {
      const own = await recipientsOf(await keysOf(), identity ?? '');
      return own.length > 0 || passphrase === undefined ? own : [passphraseRecipient(passphrase)];
    },
    isPassphrase:
      names.length > 0 ? names.includes(PASSPHRASE) : identity === undefined && passphrase !== undefined,
    warn,
  };
}

function recipientFor(passphrase: string | undefined): Recipient {
  if (passphrase !== undefined) return passphraseRecipient(passphrase);
  throw new ToolkitError('ENCRYPTION_REFUSED', {
    reason: 'files are to be encrypted with a passphrase, and none is given',
    hint: 'write it into a file that only you can read, and name that with --passphrase-file',
  });
}
