import { rename } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';

import { AuditLog, currentActor, type AuditEntry } from '../artifacts/audit.js';
import { MANIFEST_DETAIL } from '../artifacts/log/acts.js';
import { manifestHash, type Manifest } from '../artifacts/manifest.js';
import { ModelRegistry } from '../artifacts/model-registry.js';
import { signaturePath, signModel } from '../artifacts/signing/model-signature.js';
import { ToolkitError } from '../core/errors.js';
import { exists, storageError, syncFolder } from '../core/files.js';
import type { PrivateKey } from '../core/signing/keys.js';
import { RegistryWriter } from './registry-writer.js';

/** Where a deployed model is. */
export interface Published {
  folder: string;
  /** Its name and version in the registry, where it is there. */
  name: string | null;
  version: number | null;
}

/** Publishes a finished folder with one rename. */
export interface Destination {
  /** A folder on the same file system, where the work is done. */
  parent: string;
  publish(staged: string, manifest: Manifest): Promise<Published>;
}

/** The registry of models. Publishing throws what `RegistryWriter.register` throws. */
export function registryDestination(registryDir: string, name: string, signKey?: PrivateKey): Destination {
  const registry = new ModelRegistry(registryDir);
  return {
    parent: registryDir,
    async publish(staged, manifest) {
      const version = await new RegistryWriter(registry, currentActor(), signKey).register(
        name,
        staged,
        detailsOf(manifest),
      );
      return { folder: registry.versionFolder(name, version), name, version };
    },
  };
}

/** A folder that must not exist yet. Throws OUTPUT_EXISTS; publishing also throws AUDIT_BROKEN, FOLDER_BUSY and storage errors. */
export async function folderDestination(
  folder: string,
  registryDir: string,
  signKey?: PrivateKey,
): Promise<Destination> {
  await requireAbsent(folder);
  return {
    parent: dirname(folder),
    async publish(staged, manifest) {
      await requireAbsent(folder);
      if (signKey) await signModel(staged, signKey, signaturePath(staged), basename(resolve(folder)));
      const audit = new AuditLog(new ModelRegistry(registryDir).auditFile);
      const entry = { actor: currentActor(), action: 'deploy', subject: folder };
      const details = { ...detailsOf(manifest), [MANIFEST_DETAIL]: await manifestHash(staged) };
      await audit.append({ ...entry, details });
      await rename(staged, folder).catch((error: unknown) => {
        throw storageError(error, folder);
      });
      await syncFolder(dirname(folder));
      return { folder, name: null, version: null };
    },
  };
}

async function requireAbsent(path: string): Promise<void> {
  if (await exists(path)) throw new ToolkitError('OUTPUT_EXISTS', { path });
}

function detailsOf({ target, source, metrics, verification }: Manifest): AuditEntry['details'] {
  return {
    target,
    run: source.run,
    checkpoint: source.checkpoint,
    accuracy: metrics.accuracy,
    largestDifference: verification.largestDifference,
  };
}
