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

/** A valid model name: a plain file name. */
export const MODEL_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** What signatures and the audit log call a version: its files cannot pass for those of another one. */
export function versionName({ name, version }: Pick<RegisteredVersion, 'name' | 'version'>): string {
  return `${name}/${version}`;
}

const CHECKPOINT = 'model.safetensors';
const PREDICTIONS = 'predictions.safetensors';
/** The training statistics that drift is measured against, next to a checkpoint. */
export const REFERENCE_FILE = 'reference.json';

/**
 * Read access to a model registry: `<name>/versions/<n>/` is immutable, and `<name>/aliases/<alias>.json` names the version of an
 * alias. Safe while another process writes.
 */
export class ModelRegistry {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The names of the models that have a version, sorted. Throws DATA_UNREADABLE. */
  async names(): Promise<string[]> {
    const entries = await entriesOf(this.folder);
    const names = entries.filter((entry) => MODEL_NAME.test(entry)).sort();
    const versions = await Promise.all(names.map((name) => this.versions(name)));
    return names.filter((_, index) => versions[index]!.length > 0);
  }

  /** The versions of a model in ascending order; empty if there is no such model. Throws DATA_UNREADABLE. */
  async versions(name: string): Promise<number[]> {
    if (!MODEL_NAME.test(name)) return [];
    const found = await entriesOf(join(this.folder, name, 'versions'));
    return found
      .filter((version) => /^[1-9]\d*$/.test(version))
      .map(Number)
      .sort((a, b) => a - b);
  }

  /** The current version of an alias; cheap enough for polling. Throws MODEL_CORRUPT. */
  async current(name: string, alias: AliasName): Promise<number | undefined> {
    return (await this.history(name, alias)).at(-1)?.version;
  }

  /** The history of an alias, the oldest change first. Throws MODEL_CORRUPT. */
  async history(name: string, alias: AliasName): Promise<AliasEvent[]> {
    return MODEL_NAME.test(name) ? readAlias(this.aliasFile(name, alias)) : [];
  }

  /** The aliases of a version. Throws MODEL_CORRUPT. */
  async aliasesOf(name: string, version: number): Promise<AliasName[]> {
    const current = await Promise.all(aliasNames.map((alias) => this.current(name, alias)));
    return aliasNames.filter((_, index) => current[index] === version);
  }

  /**
   * Resolves an alias or number to a version. Verifies every file against the manifest, and the manifest against the audit log.
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

  /** The folder of a version, which may not exist yet. */
  versionFolder(name: string, version: number): string {
    return join(this.folder, name, 'versions', String(version));
  }

  /** The file of an alias; servers may watch its folder. */
  aliasFile(name: string, alias: AliasName): string {
    return join(this.folder, name, 'aliases', `${alias}.json`);
  }

  /** The audit log of deployments, promotions and rollbacks. */
  get auditFile(): string {
    return join(this.folder, 'audit.jsonl');
  }

  /** The lock for writers. */
  get lock(): string {
    return join(this.folder, 'registry.lock');
  }

  /** The MODEL_MISSING error for an unknown model or version; it lists the known ones. */
  async missing(name: string, reference: VersionReference): Promise<ToolkitError> {
    const names = await this.names();
    const known = names.length === 0 ? 'no models' : `the models are ${names.join(', ')}`;
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

/** The names in a folder; empty if it does not exist. An unreadable folder must not look empty. */
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
