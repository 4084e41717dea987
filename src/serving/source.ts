import { readFile } from 'node:fs/promises';

import { readCheckpoint, type Checkpoint } from '../artifacts/checkpoint.js';
import { readError } from '../core/files.js';
import { sha256 } from '../core/hashing.js';

/** Which versions are to be served. */
export interface WantedVersions {
  production: string;
  /** The version that may get a share of the requests, or copies of them. */
  candidate: string | undefined;
}

/** Where a served model comes from. */
export interface ModelSource {
  /** The model's name in addresses. */
  readonly name: string;
  /** What is to be served now: cheap, for it is asked every second. Throws a ToolkitError. */
  wanted(): Promise<WantedVersions>;
  /** Reads and verifies a version's checkpoint. Throws a ToolkitError. */
  load(version: string): Promise<Checkpoint>;
}

/** A checkpoint file that is served as it is; its version is the beginning of its hash, so that a new file is a new version. */
export class CheckpointSource implements ModelSource {
  readonly name: string;
  readonly #path: string;

  constructor(name: string, path: string) {
    this.name = name;
    this.#path = path;
  }

  async wanted(): Promise<WantedVersions> {
    try {
      return { production: sha256(await readFile(this.#path)).slice(0, 12), candidate: undefined };
    } catch (error) {
      throw readError(error, this.#path);
    }
  }

  load(): Promise<Checkpoint> {
    return readCheckpoint(this.#path);
  }
}
