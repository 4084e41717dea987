import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { z } from 'zod';

import { exists, makeFolder, readTextIfThere, writeFileAtomically, corruptError } from '../core/files.js';
import { sha256 } from '../core/hashing.js';
import { complaintOf } from '../core/validation.js';
import type { LabelledImages } from '../core/images.js';
import { preparedDescription, preparedFile, preparedFolder, type PreparedDescription } from './prepared.js';
import { readShard, shardEntry, shardName, writeShard, type ShardEntry } from './shards.js';

/** The splits of a sharded data set; each has its own files. */
export const shardedSplits = ['training', 'validation', 'test'] as const;

export type ShardedSplit = (typeof shardedSplits)[number];

const shardsOf = z.array(shardEntry);

const manifestSchema = preparedDescription.extend({
  format: z.literal('mnist-train/shards'),
  /** The hash of the raw files' contents. */
  rawFingerprint: z.string(),
  /** The folder of the shards, next to the manifest. */
  folder: z.string().regex(/^shards-[0-9a-f]{16}$/),
  /** The options that it was made with, to repeat it when the raw files change. */
  making: z.strictObject({
    shardImages: z.int().min(1),
    augmentTo: z.int().min(1).optional(),
  }),
  /** Pixel statistics of the training split, from 0 to 255. */
  pixels: z.strictObject({ mean: z.number(), standardDeviation: z.number() }),
  shards: z.strictObject({ training: shardsOf.min(1), validation: shardsOf, test: shardsOf.min(1) }),
});

type ShardManifest = z.infer<typeof manifestSchema>;

/** The metadata of a new sharded set; the writer adds the rest. */
export type ShardedDescription = Omit<ShardManifest, 'format' | 'folder' | 'shards'>;

/** A data set in shards, of which only a few are in memory: its size is limited only by the disk. */
export interface ShardedData extends ShardManifest {
  /** The path of its manifest. */
  path: string;
}

const MANIFEST = 'shards.json';
const FOLDER_START = 'shards-';

/** Whether a prepared data set is sharded. */
export function isSharded(data: PreparedDescription | ShardedData): data is ShardedData {
  return 'shards' in data;
}

/** The number of images of a split. */
export function imagesIn({ shards }: ShardedData, split: ShardedSplit): number {
  return shards[split].reduce((sum, { images }) => sum + images, 0);
}

/** Reads and verifies a shard of a split. Throws DATA_UNREADABLE or DATA_CORRUPT. */
export function readShardOf(
  { path, folder, shards, shape, classNames }: ShardedData,
  split: ShardedSplit,
  shard: number,
): Promise<LabelledImages> {
  const entry = shards[split][shard];
  if (!entry) throw new Error(`there is no ${split} shard ${shard}`);
  return readShard(join(dirname(path), folder), entry, shape, classNames.length);
}

/** Whether a data set was prepared, in one file or in shards. */
export async function isPrepared(dataDir: string, dataset: string): Promise<boolean> {
  const folder = preparedFolder(dataDir, dataset);
  return (await exists(join(folder, MANIFEST))) || exists(preparedFile(folder));
}

/** Finds a sharded data set; undefined if there is none. Throws DATA_CORRUPT or DATA_UNREADABLE. */
export async function findSharded(dataDir: string, dataset: string): Promise<ShardedData | undefined> {
  const path = join(preparedFolder(dataDir, dataset), MANIFEST);
  const text = await readTextIfThere(path);
  if (text === undefined) return undefined;
  try {
    return { ...manifestSchema.parse(JSON.parse(text)), path };
  } catch (error) {
    throw corruptError(path, complaintOf(error), error);
  }
}

/** Writes a sharded data set with a callback; removes its files if that fails. */
export async function writeSharded(
  dataDir: string,
  dataset: string,
  write: (writer: ShardSetWriter) => Promise<ShardedDescription>,
): Promise<void> {
  const writer = await ShardSetWriter.create(dataDir, dataset);
  try {
    await writer.finish(await write(writer));
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

/** Writes a data set shard by shard; it replaces the previous one only when it is complete. */
export class ShardSetWriter {
  readonly #parent: string;
  readonly #folder: string;
  readonly #shards: Record<ShardedSplit, ShardEntry[]> = { training: [], validation: [], test: [] };

  private constructor(parent: string, folder: string) {
    this.#parent = parent;
    this.#folder = folder;
  }

  /** Makes a folder for the shards. Throws STORAGE_FULL or STORAGE_DENIED. */
  static async create(dataDir: string, dataset: string): Promise<ShardSetWriter> {
    const parent = preparedFolder(dataDir, dataset);
    const folder = `shards-${randomBytes(8).toString('hex')}`;
    const writer = new ShardSetWriter(parent, folder);
    await makeFolder(join(parent, folder));
    return writer;
  }

  /** The folder of the shards and of temporary files. */
  get path(): string {
    return join(this.#parent, this.#folder);
  }

  /** Adds the next shard of a split. Throws STORAGE_FULL or STORAGE_DENIED. */
  async add(split: ShardedSplit, images: LabelledImages): Promise<void> {
    const shards = this.#shards[split];
    shards.push(await writeShard(this.path, shardName(split, shards.length), images));
  }

  /** Writes the manifest, and removes the previous version of the set. Throws STORAGE_FULL or STORAGE_DENIED. */
  async finish(description: ShardedDescription): Promise<void> {
    const hashes = shardedSplits.flatMap((split) => this.#shards[split].map((entry) => entry.sha256));
    const manifest: ShardManifest = {
      ...description,
      format: 'mnist-train/shards',
      fingerprint: sha256(description.fingerprint, ...hashes),
      folder: this.#folder,
      shards: this.#shards,
    };
    await writeFileAtomically(
      join(this.#parent, MANIFEST),
      `${JSON.stringify(manifestSchema.parse(manifest), undefined, 2)}\n`,
    );
    await removeShards(this.#parent, this.#folder);
    await rm(preparedFile(this.#parent), { force: true });
  }

  /** Removes the files of an incomplete set. */
  async discard(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** Removes a sharded data set that was replaced by a single file. */
export async function removeSharded(dataDir: string, dataset: string): Promise<void> {
  const parent = preparedFolder(dataDir, dataset);
  await rm(join(parent, MANIFEST), { force: true });
  await removeShards(parent, undefined);
}

async function removeShards(parent: string, but: string | undefined): Promise<void> {
  for (const name of await readdir(parent)) {
    if (name.startsWith(FOLDER_START) && name !== but)
      await rm(join(parent, name), { recursive: true, force: true });
  }
}
