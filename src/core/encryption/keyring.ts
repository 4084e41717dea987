import { createHash } from 'node:crypto';

import type { Identity, Recipient } from 'age-encryption';

import { isToolkitError, messageOf, ToolkitError } from '../errors.js';
import { MAX_HEADER_BYTES, openHeader, sealHeader, type SealedHeader } from './age-header.js';
import { damaged } from './sealed-content.js';

/** A warning about keys, with the fields of a warning event. */
export interface KeyWarning {
  code: string;
  message: string;
  hint: string;
}

/** What a keyring is made from; what is costly is loaded when a file needs it. */
export interface KeyringSources {
  /** For whom files are encrypted; empty where that was not said. */
  recipients: readonly (string | Recipient)[];
  /** The keys that open files. Throws IDENTITY_INVALID. */
  identities: () => Promise<readonly (string | Identity)[]>;
  /** The recipients of these keys, for files that are made from encrypted ones. */
  ownRecipients: () => Promise<readonly (string | Recipient)[]>;
  /** Whether the only key is a passphrase, with which each file takes a second. */
  isPassphrase: boolean;
  warn: (warning: KeyWarning) => void;
}

const NONE: KeyringSources = {
  recipients: [],
  identities: () => Promise.resolve([]),
  ownRecipients: () => Promise.resolve([]),
  isPassphrase: false,
  warn: () => undefined,
};

/** The keys of a command or call: for whom it encrypts, and what it can decrypt. */
export class Keyring {
  readonly #sources: KeyringSources;
  /** The keys of the files that were written or read, by the hash of their headers. */
  readonly #fileKeys = new Map<string, Uint8Array>();
  #hasOpened = false;
  #hasWarned = false;

  /** @param sources what is left out is not there: no recipients, no identities */
  constructor(sources: Partial<KeyringSources> = {}) {
    this.#sources = { ...NONE, ...sources };
  }

  /**
   * Whether new files are encrypted: recipients were named, or an encrypted file was opened. What is made from encrypted files must not
   * lie beside them in plaintext.
   */
  get encrypts(): boolean {
    return this.#sources.recipients.length > 0 || this.#hasOpened;
  }

  /** Whether the only key is a passphrase, with which each file takes a second. */
  get isPassphrase(): boolean {
    return this.#sources.isPassphrase;
  }

  /** The recipients (`age1…`) of the keys that open files. Throws IDENTITY_INVALID. */
  async ownRecipients(): Promise<string[]> {
    const own = await this.#sources.ownRecipients();
    return own.filter((recipient) => typeof recipient === 'string');
  }

  /** Makes the header of a new file. This keyring can read the file again, even without an identity. */
  async seal(): Promise<SealedHeader> {
    const sealed = await sealHeader(await this.#recipients());
    if (sealed.header.length > MAX_HEADER_BYTES) {
      throw new ToolkitError('ENCRYPTION_REFUSED', {
        reason: `too many recipients: the header of each file would have more than ${MAX_HEADER_BYTES} bytes`,
        hint: 'name fewer, or give a group a key that its members share',
      });
    }
    this.#fileKeys.set(nameOf(sealed.header), sealed.fileKey);
    return sealed;
  }

  /** Finds the key of a file in its header. Throws ENCRYPTION_LOCKED, ENCRYPTION_DAMAGED and IDENTITY_INVALID. */
  async unlock(header: Buffer, path: string): Promise<Uint8Array> {
    const name = nameOf(header);
    const known = this.#fileKeys.get(name);
    if (known) return known;
    const identities = await this.#sources.identities();
    const locked = (reason: string): ToolkitError => new ToolkitError('ENCRYPTION_LOCKED', { path, reason });
    if (identities.length === 0) throw locked('its key is needed');
    const fileKey = await openHeader(header, identities).catch((error: unknown) => {
      throw isToolkitError(error) ? error : damaged(path, messageOf(error), error);
    });
    if (!fileKey) throw locked('the given key does not open it');
    this.#fileKeys.set(name, fileKey);
    this.#hasOpened = true;
    return fileKey;
  }

  async #recipients(): Promise<readonly (string | Recipient)[]> {
    const { recipients, ownRecipients, warn } = this.#sources;
    if (recipients.length > 0) return recipients;
    if (!this.#hasWarned) {
      this.#hasWarned = true;
      warn({
        code: 'ENCRYPTED_TO_SELF',
        message: 'new files are encrypted for the given key only, because encrypted files were read',
        hint: 'name all readers with --encrypt-to',
      });
    }
    return ownRecipients();
  }
}

function nameOf(header: Uint8Array): string {
  return createHash('sha256').update(header).digest('base64');
}
