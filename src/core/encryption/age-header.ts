import type { Identity, Recipient } from 'age-encryption';

/** How an age file begins. */
const MAGIC = Buffer.from('age-encryption.org/v1\n');
/** How an age file in ASCII armor begins. */
const ARMOR = Buffer.from('-----BEGIN AGE ENCRYPTED FILE-----');
/** As many bytes tell whether a file is encrypted. */
export const MAGIC_BYTES = ARMOR.length;
/** Enough for several hundred recipients; a longer header is refused before it is read. */
export const MAX_HEADER_BYTES = 64 * 1024;
const MAC_LINE = '\n--- ';

/** A header that says for whom a file is encrypted, and the key of its payload. */
export interface SealedHeader {
  header: Buffer;
  fileKey: Uint8Array;
}

/** Whether bytes are the beginning of an age file. */
export function isAge(start: Uint8Array): boolean {
  return MAGIC.equals(start.subarray(0, MAGIC.length));
}

/** Whether bytes are the beginning of an age file in ASCII armor. */
export function isArmored(start: Uint8Array): boolean {
  return ARMOR.equals(start.subarray(0, ARMOR.length));
}

/** The length of the header that a file begins with; undefined if it does not end in these bytes. */
export function headerLength(start: Buffer): number | undefined {
  const mac = start.indexOf(MAC_LINE);
  const end = mac < 0 ? -1 : start.indexOf('\n', mac + 1);
  return end < 0 ? undefined : end + 1;
}

/** Makes the header of a new file, with a random key. */
export async function sealHeader(recipients: readonly (string | Recipient)[]): Promise<SealedHeader> {
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  let fileKey: Uint8Array | undefined;
  // The library does not return the key. A recipient without a stanza of its own is given it.
  encrypter.addRecipient({
    wrapFileKey: (key) => {
      fileKey = Uint8Array.from(key);
      return [];
    },
  });
  const empty = Buffer.from(await encrypter.encrypt(new Uint8Array()));
  const length = headerLength(empty);
  if (length === undefined || !fileKey) throw new Error('age-encryption made no header');
  return { header: empty.subarray(0, length), fileKey };
}

/**
 * Finds the key of a file in its header, and verifies the header with it; undefined if none of the identities fits. Throws for a damaged
 * header.
 */
export async function openHeader(
  header: Uint8Array,
  identities: readonly (string | Identity)[],
): Promise<Uint8Array | undefined> {
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  const outcome = { isUnknown: false };
  // The last one to be asked, where no other had the key.
  decrypter.addIdentity({
    unwrapFileKey: () => {
      outcome.isUnknown = true;
      return null;
    },
  });
  try {
    return await decrypter.decryptHeader(header);
  } catch (error) {
    if (outcome.isUnknown) return undefined;
    throw error;
  }
}

/** The bytes of an age file in ASCII armor. Throws if it is damaged. */
export async function removeArmor(text: string): Promise<Buffer> {
  const { armor } = await import('age-encryption');
  return Buffer.from(armor.decode(text));
}
