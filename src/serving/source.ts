import { stat } from 'node:fs/promises';

import { readCheckpoint, type Checkpoint } from '../artifacts/checkpoint.js';
import { decisionPath } from '../artifacts/decision.js';
import { manifestHash } from '../artifacts/manifest.js';
import type { ModelRegistry } from '../artifacts/model-registry.js';
import { PolicyGuard } from '../artifacts/policy/guard.js';
import { ToolkitError } from '../core/errors.js';
import { readError } from '../core/files.js';
import { sha256, sha256OfFile } from '../core/hashing.js';

/** The versions to serve. */
export interface WantedVersions {
  production: string;
  /** The version that may get a share of the requests, or copies of them. */
  candidate: string | undefined;
}

/** Where a served model comes from. */
export interface ModelSource {
  /** The model's name in addresses. */
  readonly name: string;
  /** The versions to serve now; cheap, because it is called every second. Throws a ToolkitError. */
  wanted(): Promise<WantedVersions>;
  /** Reads and verifies a version's checkpoint. Throws a ToolkitError. */
  load(version: string): Promise<Checkpoint>;
  /** Reads the further members of a version that is an ensemble; left out, each is one model. Throws a ToolkitError. */
  others?(version: string): Promise<readonly Checkpoint[]>;
  /** Refuses a version that may not be served in a role, whether it is loaded already or not. Throws a ToolkitError. */
  admit?(version: string, role: keyof WantedVersions): Promise<void>;
}

/**
 * A checkpoint file that is served as it is; its version is the beginning of its hash, with that of the decision beside it, so that
 * a new file is a new version.
 */
export class CheckpointSource implements ModelSource {
  readonly name: string;
  readonly #path: string;
  /** The file's version when it was last read, and the mark that it had then. */
  #known: { mark: string; version: string } | undefined;

  constructor(name: string, path: string) {
    this.name = name;
    this.#path = path;
  }

  async wanted(): Promise<WantedVersions> {
    try {
      const decision = decisionPath(this.#path);
      const mark = [await markOf(this.#path), await markOf(decision).catch(() => 'none')].join();
      if (this.#known?.mark !== mark) {
        const rule = await sha256OfFile(decision).catch(() => undefined);
        const hash = (await sha256OfFile(this.#path)).slice(0, 12);
        this.#known = { mark, version: rule ? `${hash}-${rule.slice(0, 6)}` : hash };
      }
      return { production: this.#known.version, candidate: undefined };
    } catch (error) {
      throw readError(error, this.#path);
    }
  }

  load(): Promise<Checkpoint> {
    return readCheckpoint(this.#path);
  }
}

/** A mark that changes when the file does. */
async function markOf(path: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(path);
  return `${mtimeMs} ${size} ${ino}`;
}

/** Checkpoint files that are served as one model: a version for each state of all files. */
export class EnsembleSource implements ModelSource {
  readonly name: string;
  readonly #members: readonly CheckpointSource[];

  /** @param paths at least two */
  constructor(name: string, paths: readonly string[]) {
    this.name = name;
    this.#members = paths.map((path) => new CheckpointSource(name, path));
  }

  async wanted(): Promise<WantedVersions> {
    const wanted = await Promise.all(this.#members.map((member) => member.wanted()));
    const versions = wanted.map(({ production }) => production).join();
    return { production: sha256(Buffer.from(versions)).slice(0, 12), candidate: undefined };
  }

  load(): Promise<Checkpoint> {
    return this.#members[0]!.load();
  }

  others(): Promise<readonly Checkpoint[]> {
    return Promise.all(this.#members.slice(1).map((member) => member.load()));
  }
}

/** A model of the registry: what its aliases mean, as far as the registry's policy allows it. */
export class RegistrySource implements ModelSource {
  readonly name: string;
  readonly #registry: ModelRegistry;
  readonly #registered: string;
  readonly #guard: PolicyGuard;
  /** The manifests of the versions that the policy allows. */
  readonly #admitted = new Map<string, string>();

  /**
   * @param trusted a copy of the registry's policy that is kept elsewhere
   * @param name what it is served as, where that is not its name in the registry
   */
  constructor(registry: ModelRegistry, registered: string, trusted?: string, name = registered) {
    this.name = name;
    this.#registry = registry;
    this.#registered = registered;
    this.#guard = new PolicyGuard(registry, trusted);
  }

  async wanted(): Promise<WantedVersions> {
    const [production, candidate] = await Promise.all([
      this.#registry.current(this.#registered, 'production'),
      this.#registry.current(this.#registered, 'candidate'),
    ]);
    if (production === undefined) throw await this.#registry.missing(this.#registered, 'production');
    return {
      production: String(production),
      candidate: candidate === undefined ? undefined : String(candidate),
    };
  }

  async load(version: string): Promise<Checkpoint> {
    const { checkpoint, folder } = await this.#registry.resolve(this.#registered, Number(version));
    const admitted = this.#admitted.get(version);
    // The files may have been exchanged since then, together with their manifest.
    if (admitted !== undefined && admitted !== (await manifestHash(folder))) {
      const reason = 'its files are not those that the policy was asked about';
      throw new ToolkitError('MODEL_CORRUPT', { path: folder, reason });
    }
    return readCheckpoint(checkpoint);
  }

  async admit(version: string, role: keyof WantedVersions): Promise<void> {
    const state = await this.#guard.state();
    if (!state) return;
    const resolved = await this.#registry.resolve(this.#registered, Number(version));
    const manifest = await manifestHash(resolved.folder);
    if (role === 'production') await this.#guard.requireApproved(state, resolved);
    else await this.#guard.requirePublished(state, resolved);
    this.#admitted.set(version, manifest);
  }
}
