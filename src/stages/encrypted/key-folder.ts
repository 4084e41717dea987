import { chmod, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { readArtifact } from '../../core/encryption/artifact-file.js';
import { isToolkitError, systemCodeOf, ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import {
  exists,
  readError,
  storageError,
  writePublicAtomically,
  writeSecretAtomically,
} from '../../core/files.js';
import { readSecret } from '../../core/secrets.js';
import { EncryptionClient } from '../../deployment/encrypted/client.js';
import type { EncryptedModel } from '../../deployment/encrypted/description.js';
import { EncryptedFileError } from '../../deployment/encrypted/encrypted-file.js';
import { encryptedFiles, readDescription } from '../../deployment/encrypted/folder.js';
import { loadSeal } from '../../deployment/encrypted/load-seal.js';
import { storedLimit } from '../../deployment/encrypted/parameters.js';
import { withStaging } from '../../deployment/staging.js';

/** The files of a folder of keys: the secret one never leaves it, the others may be sent. */
export const keyFiles = {
  secret: 'secret.key',
  evaluation: 'evaluation.keys',
  description: encryptedFiles.description,
} as const;

const KEYGEN = 'make new keys with "mnist encrypted keygen"';

/** Writes a client's keys into a new folder. Throws OUTPUT_EXISTS and storage errors. */
export async function writeKeyFolder(folder: string, client: EncryptionClient): Promise<void> {
  if (await exists(folder)) throw new ToolkitError('OUTPUT_EXISTS', { path: folder });
  const description = `${JSON.stringify(client.model.description, undefined, 2)}\n`;
  await withStaging(dirname(folder), async (staging) => {
    await chmod(staging, 0o700);
    await writePublicAtomically(join(staging, keyFiles.description), description);
    await writePublicAtomically(join(staging, keyFiles.evaluation), await client.evaluationKeysFile());
    await writeSecretAtomically(join(staging, keyFiles.secret), await client.secretKeyFile());
    await rename(staging, folder).catch((error: unknown) => {
      throw storageError(error, folder);
    });
  });
}

/** Runs an action with the client of a folder of keys. Throws MODEL_MISSING, SECRET_EXPOSED, SEAL_UNAVAILABLE and CIPHERTEXT_REFUSED. */
export async function withKeyFolder<Result>(
  folder: string,
  context: StageContext,
  action: (client: EncryptionClient) => Promise<Result>,
): Promise<Result> {
  const model = await describedIn(folder);
  const path = join(folder, keyFiles.secret);
  const secret = await readSecret(path);
  if (!secret) throw refused(path, 'not found', KEYGEN);
  const seal = await loadSeal(context);
  const client = await orRefused(path, KEYGEN, () => EncryptionClient.open(seal, model, secret));
  try {
    return await action(client);
  } finally {
    client.dispose();
  }
}

async function describedIn(folder: string): Promise<EncryptedModel> {
  try {
    return await readDescription(join(folder, keyFiles.description));
  } catch (error) {
    if (!isToolkitError(error) || error.code !== 'MODEL_MISSING') throw error;
    throw refused(folder, 'not a folder of keys', KEYGEN);
  }
}

/** Reads an encrypted file, unless it is larger than such files are. Throws DATA_MISSING, DATA_UNREADABLE and CIPHERTEXT_REFUSED. */
export async function readEncryptedFile(
  path: string,
  unpackedBytes: number,
  hint: string,
): Promise<Uint8Array> {
  const found = await stat(path).catch((error: unknown) => {
    if (systemCodeOf(error) === 'ENOENT') throw new ToolkitError('DATA_MISSING', { path, hint });
    throw readError(error, path);
  });
  // Reading a pipe or a device would never end.
  if (!found.isFile()) throw new ToolkitError('DATA_UNREADABLE', { path, reason: 'not a file' });
  const most = storedLimit(unpackedBytes);
  if (found.size > most)
    throw refused(path, `it has ${found.size} bytes, at most ${most} are possible`, hint);
  return readArtifact(path).catch((error: unknown) => {
    throw readError(error, path);
  });
}

/** Runs an action on a file; what it complains of becomes CIPHERTEXT_REFUSED, with the file's name. */
export async function orRefused<Result>(
  path: string,
  hint: string,
  action: () => Promise<Result>,
): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof EncryptedFileError) throw refused(path, error.message, hint, error);
    throw error;
  }
}

function refused(path: string, reason: string, hint: string, cause?: unknown): ToolkitError {
  return new ToolkitError('CIPHERTEXT_REFUSED', { path, reason, hint }, { cause });
}
