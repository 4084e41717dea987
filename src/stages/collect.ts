import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import {
  contentOf,
  encodeManifest,
  findRaw,
  rawFolder,
  type RawData,
  type RawManifest,
} from '../artifacts/raw.js';
import { ingestIdx } from '../collection/ingest.js';
import { folderSource, mirrorSource, type Source } from '../collection/sources.js';
import { isToolkitError, ToolkitError } from '../core/errors.js';
import { silentContext, type Emit, type StageContext } from '../core/events.js';
import { fileSize, makeFolder, syncFolder, writeFileAtomically } from '../core/files.js';
import { sha256OfFile } from '../core/hashing.js';
import { withLock } from '../core/lock.js';
import { nearest } from '../core/registry.js';
import {
  fileRoles,
  standardFileNames,
  type DatasetDefinition,
  type PinnedFile,
} from '../datasets/dataset.js';
import { datasets } from '../datasets/index.js';
import { dataDirOption, datasetOption } from './options.js';

/** The options of `collect`. */
export const collectFields = z.strictObject({
  dataset: datasetOption,
  from: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'folder or web address with the four IDX files', placeholder: 'FOLDER|URL' }),
  dataDir: dataDirOption,
});

export type CollectOptions = z.output<typeof collectFields>;

/**
 * Stage 1: brings the four files of a data set to `<dataDir>/<dataset>/raw/`, uncompressed, verified, with a manifest. What
 * is already there intact is kept, unless `from` names a source. The folder appears complete or not at all.
 *
 * Throws DATASET_UNKNOWN, DATASET_SOURCE_MISSING, DATA_MISSING, DATA_CORRUPT, DATA_REFUSED, DOWNLOAD_FAILED and storage errors.
 */
export async function collect(
  options: CollectOptions,
  context: StageContext = silentContext(),
): Promise<RawData> {
  const { dataset, dataDir } = options;
  const { emit, signal } = context;
  const known = datasets.get(dataset);
  const parent = join(dataDir, dataset);
  const onWait = (owner: string): void => {
    emit({ event: 'notice', message: `waiting for ${owner}, which is collecting ${dataset}` });
  };
  if (options.from === undefined) {
    const found = await findIntact(options, known, signal);
    if (found) return found;
    if (!known) throw unknownDataset(dataset);
  }
  await makeFolder(parent);
  return withLock(join(parent, 'collect.lock'), { waitMs: Infinity, signal, onWait }, async () => {
    // Another process may have brought it while this one waited.
    const found = options.from === undefined ? await findIntact(options, known, signal, emit) : undefined;
    if (found) return found;
    const source = chooseSource(options, known, join(parent, 'download'), context);
    emit({ event: 'stage', stage: 'collect', message: `collecting ${dataset} from ${source.description}` });
    await fetchAll(options, known, source, signal);
    await source.cleanUp();
    const raw = await findRaw(dataDir, dataset);
    if (!raw) throw new Error(`${parent} is incomplete after collecting`);
    return raw;
  });
}

/** What is there already. A damaged file of a published set is a reason to collect anew, of another set an error. */
async function findIntact(
  { dataDir, dataset }: CollectOptions,
  known: DatasetDefinition | undefined,
  signal: AbortSignal,
  emit: Emit = () => undefined,
): Promise<RawData | undefined> {
  try {
    const found = await findRaw(dataDir, dataset);
    if (found) await refuseDamage(found, known, signal);
    return found;
  } catch (error) {
    if (!known || !isToolkitError(error) || error.code !== 'DATA_CORRUPT') throw error;
    const { code, message } = error;
    emit({ event: 'warning', code, message, hint: 'collecting it again' });
    return undefined;
  }
}

/** Throws DATA_CORRUPT for a file that is not the one in the manifest or, for a published set, not the published one. */
async function refuseDamage(
  { folder, manifest }: RawData,
  known: DatasetDefinition | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (const role of fileRoles) {
    const { name, bytes, sha256 } = manifest.files[role];
    const path = join(folder, name);
    const isPublished = !known || known.files[role].sha256 === sha256;
    const isUnchanged = (await fileSize(path)) === bytes && (await sha256OfFile(path, signal)) === sha256;
    if (isPublished && isUnchanged) continue;
    throw new ToolkitError('DATA_CORRUPT', { path, reason: 'not the file that was collected' });
  }
}

function unknownDataset(dataset: string): ToolkitError {
  return new ToolkitError('DATASET_UNKNOWN', {
    dataset,
    known: datasets.names.join(', '),
    nearest: nearest(dataset, datasets.names),
  });
}

function chooseSource(
  { dataset, from }: CollectOptions,
  known: DatasetDefinition | undefined,
  work: string,
  context: StageContext,
): Source {
  if (from !== undefined)
    return /^https?:\/\//i.test(from) ? mirrorSource(from, work, context) : folderSource(from);
  if (known?.embeddedFolder) return folderSource(known.embeddedFolder(), known.origin);
  throw new ToolkitError('DATASET_SOURCE_MISSING', { dataset, advice: known?.advice ?? '' });
}

async function fetchAll(
  { dataset, dataDir }: CollectOptions,
  known: DatasetDefinition | undefined,
  source: Source,
  signal: AbortSignal,
): Promise<void> {
  const final = rawFolder(dataDir, dataset);
  const staging = `${final}.incoming`;
  await rm(staging, { recursive: true, force: true });
  await makeFolder(staging);
  try {
    const files = {} as Record<(typeof fileRoles)[number], PinnedFile & { name: string }>;
    for (const role of fileRoles) {
      const { path, name } = await source.fetch(role);
      const destination = join(staging, standardFileNames[role]);
      const pinned = known?.files[role];
      const file = await ingestIdx({
        path,
        name,
        content: contentOf(role),
        destination,
        pinned,
        signal,
      }).catch(async (error: unknown) => {
        // What came over the network and is wrong must not be taken up again by the next try.
        if (error instanceof ToolkitError) await source.cleanUp();
        throw error;
      });
      files[role] = { name: standardFileNames[role], ...file };
    }
    const { name, text } = encodeManifest(makeManifest(dataset, known, source, files));
    await writeFileAtomically(join(staging, name), text);
    await rm(final, { recursive: true, force: true });
    await rename(staging, final);
    await syncFolder(join(dataDir, dataset));
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

function makeManifest(
  dataset: string,
  known: DatasetDefinition | undefined,
  source: Source,
  files: RawManifest['files'],
): RawManifest {
  return {
    format: 'mnist-train/raw',
    version: 1,
    dataset,
    source: source.description,
    licence: known?.licence ?? 'not stated',
    origin: known?.origin ?? 'not stated',
    classNames: [...(known?.classNames ?? [])],
    collectedAt: new Date().toISOString(),
    files,
  };
}
