import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { systemCodeOf, ToolkitError } from '../core/errors.js';
import { readError } from '../core/files.js';
import { aliasNames, readAlias, type AliasEvent, type AliasName } from './alias.js';
import { AuditLog } from './audit.js';
import { deployedManifest } from './log/acts.js';
import { manifestHash, verifyBundle, type Manifest } from './manifest.js';

/** A version of a registered model, checked against its manifest. */
export interface RegisteredVersion {
  name: string;
  version: number;
  folder: string;
  /** The checkpoint file: `readCheckpoint` and `loadModel` take it from here. */
  checkpoint: string;
  manifest: Manifest;
}

/** An alias, or a version's number. */
export type VersionReference = AliasName | number;

/** What a registered model may be called: a plain file name. */
export const MODEL_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

const CHECKPOINT = 'model.safetensors';
const PREDICTIONS = 'predictions.safetensors';
/** What the training data look like, beside a checkpoint. */
export const REFERENCE_FILE = 'reference.json';

/**
 * A folder with registered models, for reading: `<name>/versions/<n>/` never changes once it is there, and
 * `<name>/aliases/<alias>.json` says which version an alias means. Safe to read while another process writes.
 */
export class ModelRegistry {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The models that have a version, by name. Throws DATA_UNREADABLE. */
  async names(): Promise<string[]> {
    const entries = await entriesOf(this.folder);
    const names = entries.filter((entry) => MODEL_NAME.test(entry)).sort();
    const versions = await Promise.all(names.map((name) => this.versions(name)));
    return names.filter((_, index) => versions[index]!.length > 0);
  }

  /** The versions of a model, in order; none, where there is no such model. Throws DATA_UNREADABLE. */
  async versions(name: string): Promise<number[]> {
    if (!MODEL_NAME.test(name)) return [];
    const found = await entriesOf(join(this.folder, name, 'versions'));
    return found
      .filter((version) => /^[1-9]\d*$/.test(version))
      .map(Number)
      .sort((a, b) => a - b);
  }

  /** The version that an alias means now; a cheap read, for who watches it. Throws MODEL_CORRUPT. */
  async current(name: string, alias: AliasName): Promise<number | undefined> {
    return (await this.history(name, alias)).at(-1)?.version;
  }

  /** Everything that an alias has meant, the oldest first. Throws MODEL_CORRUPT. */
  async history(name: string, alias: AliasName): Promise<AliasEvent[]> {
    return MODEL_NAME.test(name) ? readAlias(this.aliasFile(name, alias)) : [];
  }

  /** The aliases of a version. Throws MODEL_CORRUPT. */
  async aliasesOf(name: string, version: number): Promise<AliasName[]> {
    const current = await Promise.all(aliasNames.map((alias) => this.current(name, alias)));
    return aliasNames.filter((_, index) => current[index] === version);
  }

  /**
   * The version that an alias or a number means, with every file checked against its hash, and the hashes against the audit log.
   * Throws MODEL_MISSING or MODEL_CORRUPT.
   */
  async resolve(name: string, reference: VersionReference): Promise<RegisteredVersion> {
    const version = typeof reference === 'number' ? reference : await this.current(name, reference);
    if (version === undefined || !(await this.versions(name)).includes(version)) {
      throw await this.missing(name, reference);
    }
    const folder = this.versionFolder(name, version);
    const manifest = await verifyBundle(folder);
    const deployed = await deployedManifest(new AuditLog(this.auditFile), name, version);
    if (deployed !== undefined && deployed !== (await manifestHash(folder))) {
      const reason = 'its manifest is not the one that the audit log recorded';
      throw new ToolkitError('MODEL_CORRUPT', { path: folder, reason });
    }
    return { name, version, folder, checkpoint: join(folder, CHECKPOINT), manifest };
  }

  /** Where a version lies, or will lie. */
  versionFolder(name: string, version: number): string {
    return join(this.folder, name, 'versions', String(version));
  }

  /** The file whose replacement switches an alias; who serves may watch its folder. */
  aliasFile(name: string, alias: AliasName): string {
    return join(this.folder, name, 'aliases', `${alias}.json`);
  }

  /** What is recorded of every deploy, promotion and rollback. */
  get auditFile(): string {
    return join(this.folder, 'audit.jsonl');
  }

  /** The lock of those who write. */
  get lock(): string {
    return join(this.folder, 'registry.lock');
  }

  /** The MODEL_MISSING error for a model or version that is not there: it says what is. */
  async missing(name: string, reference: VersionReference): Promise<ToolkitError> {
    const names = await this.names();
    const known = names.length === 0 ? 'there is none' : `there is ${names.join(', ')}`;
    if (!names.includes(name)) {
      const hint = `${known} in ${this.folder}; "mnist deploy CHECKPOINT --to registry" adds one`;
      return new ToolkitError('MODEL_MISSING', { name, hint });
    }
    const what = typeof reference === 'number' ? `version ${reference}` : `${reference} version`;
    const versions = (await this.versions(name)).join(', ');
    const hint = `it has the versions ${versions}; "mnist registry promote ${name} VERSION" makes one production`;
    return new ToolkitError('MODEL_MISSING', { name: `${name}, ${what}`, hint });
  }
}

/** The names in a folder; none where it does not exist. An unreadable folder must not look like an empty one. */
async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')) return [];
    throw readError(error, folder);
  }
}

/** The files of a version, inside its folder. */
export const versionFiles = {
  checkpoint: CHECKPOINT,
  predictions: PREDICTIONS,
  reference: REFERENCE_FILE,
} as const;
