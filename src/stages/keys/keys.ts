import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { readManifest } from '../../artifacts/manifest.js';
import { artifactPieces, openArtifact } from '../../core/encryption/artifact-file.js';
import { currentKeyring } from '../../core/encryption/session.js';
import { isToolkitError, ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { exists, isFolder, readError, replaceFile } from '../../core/files.js';

/** A new identity. */
export interface GeneratedKey {
  path: string;
  /** The public key: who has it can encrypt for this identity. */
  recipient: string;
}

/** The files that were encrypted or decrypted. */
export interface ConvertedFiles {
  files: string[];
}

/** What must stay readable without a key, and what is of one process alone. */
const PUBLIC = /^audit\.jsonl(\.head|\.checkpoint)?$|^model\.sig$|\.lock$|^\..*\.tmp$/;
/** Policies and approvals, which everybody must be able to verify, by their folder. A class of images may have the name of the folder. */
const SIGNED: Readonly<Record<string, RegExp>> = {
  _policy: /^[1-9]\d*\.json$/,
  promotions: /^[0-9a-f]{64}\.json$/,
};

/**
 * Makes an identity file, which only its owner can read; inside `withEncryption` with a passphrase as the recipient, it is protected by that.
 * Throws OUTPUT_EXISTS, ENCRYPTION_REFUSED and storage errors.
 */
export async function generateKey(path: string): Promise<GeneratedKey> {
  const keyring = currentKeyring();
  if (keyring.encrypts !== keyring.isPassphrase) {
    throw new ToolkitError('ENCRYPTION_REFUSED', {
      reason: 'an identity file can be protected by a passphrase alone, if at all',
      hint: 'protect it with --encrypt-to passphrase --passphrase-file FILE',
    });
  }
  // Overwriting a key loses all files that were encrypted for it.
  if (await exists(path)) throw new ToolkitError('OUTPUT_EXISTS', { path });
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  const text = `# created: ${new Date().toISOString()}\n# public key: ${recipient}\n${identity}\n`;
  await replaceFile(path, [Buffer.from(text)], { mode: 0o600 });
  return { path, recipient };
}

/** The recipients of the identity that `withEncryption` was given. Throws USAGE without one, and IDENTITY_INVALID. */
export async function showRecipients(): Promise<string[]> {
  const recipients = await currentKeyring().ownRecipients();
  if (recipients.length > 0) return recipients;
  throw new ToolkitError('USAGE', {
    message: 'no identity is given',
    hint: 'name its file with --identity or MNIST_IDENTITY',
  });
}

/**
 * Encrypts files, or all files in folders, in place. Files that are encrypted already are encrypted anew, for the given recipients. Throws
 * USAGE, DATA_UNREADABLE, ENCRYPTION_REFUSED, ENCRYPTION_LOCKED, ENCRYPTION_DAMAGED and storage errors.
 */
export async function encryptFiles(
  places: readonly string[],
  context: StageContext,
): Promise<ConvertedFiles> {
  if (!currentKeyring().encrypts) {
    throw new ToolkitError('USAGE', {
      message: 'no recipients are given',
      hint: 'name the recipients with --encrypt-to',
    });
  }
  return convertAll(places, context, (path) => convert(path, path, false));
}

/**
 * Decrypts files, or all files in folders, in place: they then lie on the disk in plaintext. Throws what `encryptFiles` throws.
 *
 * @param output where a single file goes instead; it must not exist
 */
export async function decryptFiles(
  places: readonly string[],
  output: string | undefined,
  context: StageContext,
): Promise<ConvertedFiles> {
  if (output === undefined) return convertAll(places, context, decryptInPlace);
  const [place, ...more] = places;
  if (place === undefined || more.length > 0 || (await isFolder(place))) {
    const message = '--output takes a single file';
    throw new ToolkitError('USAGE', { message, hint: 'name one file, or leave --output out' });
  }
  if (await exists(output)) throw new ToolkitError('OUTPUT_EXISTS', { path: output });
  await convert(place, output, true);
  return { files: [output] };
}

async function convertAll(
  places: readonly string[],
  { signal }: StageContext,
  action: (path: string) => Promise<boolean>,
): Promise<ConvertedFiles> {
  if (places.length === 0) {
    const hint = 'name files or folders, such as that of a run';
    throw new ToolkitError('USAGE', { message: 'no files given', hint });
  }
  const paths = (await Promise.all(places.map(filesIn))).flat();
  for (const folder of new Set(paths.map((path) => join(path, '..')))) await refuseBundle(folder);
  const files: string[] = [];
  for (const path of paths) {
    signal.throwIfAborted();
    if (await action(path)) files.push(path);
  }
  return { files };
}

async function filesIn(place: string): Promise<string[]> {
  if (!(await isFolder(place))) return [place];
  const entries = await readdir(place, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !staysPublic(path))
    .sort();
}

function staysPublic(path: string): boolean {
  const [name, folder] = [basename(path), basename(dirname(path))];
  return PUBLIC.test(name) || (Object.hasOwn(SIGNED, folder) && SIGNED[folder]!.test(name));
}

/** The manifest of a deployed model has the hashes of its files as they lie there. */
async function refuseBundle(folder: string): Promise<void> {
  try {
    await readManifest(folder);
  } catch (error) {
    if (isToolkitError(error) && ['MODEL_MISSING', 'MODEL_CORRUPT'].includes(error.code)) return;
    throw error;
  }
  throw new ToolkitError('ENCRYPTION_REFUSED', {
    reason: `${folder} is a deployed model, whose manifest has the hashes of its files`,
    hint: 'deploy the checkpoint again with other recipients; "mnist keys decrypt FILE --output FILE" makes a copy of one file',
  });
}

async function decryptInPlace(path: string): Promise<boolean> {
  const file = await openArtifact(path).catch((error: unknown) => {
    throw readError(error, path);
  });
  await file.close();
  return file.isEncrypted && convert(path, path, true);
}

/** Writes what a file holds to a place, piece by piece. */
async function convert(source: string, target: string, isPublic: boolean): Promise<true> {
  if (staysPublic(resolve(source))) {
    const reason = `${source} must stay readable without a key`;
    throw new ToolkitError('ENCRYPTION_REFUSED', { reason, hint: 'leave it out' });
  }
  const { mode } = await stat(source).catch((error: unknown) => {
    throw readError(error, source);
  });
  const options = { isPublic, mode: isPublic ? 0o600 : mode & 0o777 };
  await replaceFile(target, readable(source), options);
  return true;
}

async function* readable(path: string): AsyncGenerator<Buffer> {
  try {
    yield* artifactPieces(path);
  } catch (error) {
    throw readError(error, path);
  }
}
