import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { encodeManifest, findRaw, rawFolder, type RawData, type RawManifest } from '../../artifacts/raw.js';
import {
  collectSource,
  type CollectedSource,
  type SourceRequest,
} from '../../data/collection/collect-source.js';
import { contentSize, sha256OfContent } from '../../core/encryption/artifact-file.js';
import { isToolkitError, ToolkitError } from '../../core/errors.js';
import { silentContext, type Emit, type StageContext } from '../../core/events.js';
import { makeFolder, withFolder, syncFolder, writeFileAtomically, corruptError } from '../../core/files.js';
import { flagOf } from '../../core/config/fields.js';
import { withLock } from '../../core/lock.js';
import { nearest } from '../../core/registry.js';
import { fileRoles, type DatasetDefinition } from '../../data/datasets/dataset.js';
import { datasets } from '../../data/datasets/index.js';
import { imagesOfCaller, imagesOfPlugin, type OwnOrigin } from '../../data/collection/own/own-origin.js';
import type { OwnImages } from '../../data/collection/own/own-source.js';
import { givenClassNames, withClassNames } from '../../data/collection/class-names.js';
import { collectFields, type CollectOptions } from './collect-options.js';

export { collectFields, collectSpace, type CollectOptions } from './collect-options.js';

/**
 * Stage 1: brings a data set to `<dataDir>/<dataset>/raw/` as four IDX files, verified, with a manifest: those of a published
 * set, or what an import makes of images, a table or an archive. What is already there intact is kept, unless `from` names a
 * source. The folder appears complete or not at all.
 *
 * @param images in the place of a source that options name
 *
 * Throws USAGE, DATASET_UNKNOWN, DATASET_SOURCE_MISSING, DATA_MISSING, DATA_CORRUPT, DATA_REFUSED, SOURCE_REFUSED, DOWNLOAD_FAILED,
 * DATA_UNREADABLE and storage errors.
 */
export async function collect(
  given: CollectOptions,
  context: StageContext = silentContext(),
  images?: OwnImages,
): Promise<RawData> {
  const options = withFeedback(given);
  const own = ownOrigin(options, images);
  const { dataset, dataDir } = options;
  const { emit, signal } = context;
  const known = datasets.get(dataset);
  const addTo = await baseOf(options, known, own);
  if (known) refusePublished(options, own);
  const parent = join(dataDir, dataset);
  const onWait = (owner: string): void => {
    emit({ event: 'notice', message: `waiting for ${owner}, which is collecting ${dataset}` });
  };
  const isNamed = options.from !== undefined || own !== undefined;
  if (!isNamed) {
    const found = await findIntact(options, known, signal);
    if (found) return found;
    if (!known) throw unknownDataset(dataset);
  }
  const collectAlone = async (): Promise<RawData> => {
    // Another process may have brought it while this one waited.
    const found = isNamed ? undefined : await findIntact(options, known, signal, emit);
    if (found) return found;
    const from = own?.description ?? options.from ?? embeddedFolder(dataset, known);
    const origin = own?.description ?? options.from ?? known?.origin ?? '';
    emit({ event: 'stage', stage: 'collect', message: `collecting ${dataset} from ${origin}` });
    await fetchAll(options, { known, from, addTo, own }, context);
    const raw = await findRaw(dataDir, dataset);
    if (!raw) throw new Error(`${parent} is incomplete after collecting`);
    return raw;
  };
  const lock = join(parent, 'collect.lock');
  return withFolder(parent, () => withLock(lock, { waitMs: Infinity, signal, onWait }, collectAlone));
}

/** `--from-feedback` is `--from` of one kind, and knows whom the labels are from. Throws USAGE. */
function withFeedback(options: CollectOptions): CollectOptions {
  const { fromFeedback, from, format } = options;
  if (fromFeedback === undefined) return options;
  if (from !== undefined || (format !== 'auto' && format !== 'feedback')) {
    throw new ToolkitError('USAGE', {
      message: '--from-feedback says already where the images are and what they are',
      hint: 'leave --from and --format out',
    });
  }
  const origin = options.origin ?? 'images that were sent to mnist serve, labelled by those who sent them';
  return { ...options, from: fromFeedback, format: 'feedback', origin };
}

/** The source that is no file: the caller's images, or a plug-in. Throws USAGE beside options of files. */
function ownOrigin(
  { from, format, sha256, source }: CollectOptions,
  images: OwnImages | undefined,
): OwnOrigin | undefined {
  const own = images ? imagesOfCaller(images) : source && imagesOfPlugin(source);
  if (!own) return undefined;
  const named = { '--from': from, '--format': format === 'auto' ? undefined : format, '--sha256': sha256 };
  const [option] = Object.entries(named).find(([, value]) => value !== undefined) ?? [];
  if (option === undefined) return own;
  throw new ToolkitError('USAGE', {
    message: `${option} has no effect: the images come from ${own.description}`,
    hint: `leave ${option} out`,
  });
}

/** The options that say how images are made, which files that are copied as they are do not need. */
const IMAGE_OPTIONS = ['size', 'fit', 'channels', 'centre', 'invert', 'testShare', 'maxPixels'] as const;

/** Those beside them that a published data set has settled itself. */
const PUBLISHED_OPTIONS = [...IMAGE_OPTIONS, 'licence', 'origin', 'classNames'] as const;

function refusePublished(options: CollectOptions, own: OwnOrigin | undefined): void {
  const { dataset, format } = options;
  if (own) throw publishedError(dataset);
  refuseGiven(options, PUBLISHED_OPTIONS, `"${dataset}" is a published data set, and stays as it is`);
  if (['auto', 'idx'].includes(format)) return;
  throw new ToolkitError('USAGE', {
    message: `--format ${format}: "${dataset}" is a published data set in IDX files`,
    hint: `leave --format out, or give your data another name: mnist collect my-${dataset} …`,
  });
}

/** Throws USAGE for the first of some options that is given. */
function refuseGiven(
  options: CollectOptions,
  names: readonly (keyof typeof collectFields.shape)[],
  reason: string,
): void {
  const { shape } = collectFields;
  const given = names.find((name) => options[name] !== shape[name].parse(undefined));
  if (given === undefined) return;
  const option = flagOf(given);
  throw new ToolkitError('USAGE', {
    message: `${option} has no effect: ${reason}`,
    hint: `leave ${option} out`,
  });
}

function publishedError(dataset: string): ToolkitError {
  return new ToolkitError('USAGE', {
    message: `"${dataset}" is a published data set, and stays as it is`,
    hint: `give yours another name: mnist collect my-${dataset} …`,
  });
}

/** The data set that others are added to. Throws USAGE and DATA_MISSING. */
async function baseOf(
  { dataset, dataDir, addTo, from, format }: CollectOptions,
  known: DatasetDefinition | undefined,
  own: OwnOrigin | undefined,
): Promise<RawData | undefined> {
  if (known && (addTo !== undefined || format === 'feedback')) throw publishedError(dataset);
  if (addTo === undefined) return undefined;
  if ((from === undefined && !own) || format === 'idx' || addTo === dataset) {
    throw new ToolkitError('USAGE', {
      message: `--add-to ${addTo} adds images of --from or --from-feedback to those of another data set`,
      hint: 'name a new data set, and say where its images come from',
    });
  }
  const base = await findRaw(dataDir, addTo);
  if (base) return base;
  const hint = `collect it first: mnist collect ${addTo}`;
  throw new ToolkitError('DATA_MISSING', { path: rawFolder(dataDir, addTo), hint });
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
    const isPublished = !known || (known.files[role].sha256 ?? sha256) === sha256;
    const isUnchanged =
      (await contentSize(path)) === bytes && (await sha256OfContent(path, signal)) === sha256;
    if (isPublished && isUnchanged) continue;
    throw corruptError(path, 'not the file that was collected');
  }
}

function unknownDataset(dataset: string): ToolkitError {
  return new ToolkitError('DATASET_UNKNOWN', {
    dataset,
    known: datasets.names.join(', '),
    nearest: nearest(dataset, datasets.names),
  });
}

function embeddedFolder(dataset: string, known: DatasetDefinition | undefined): string {
  if (known?.embeddedFolder) return known.embeddedFolder();
  throw new ToolkitError('DATASET_SOURCE_MISSING', { dataset, advice: known?.advice ?? '' });
}

async function fetchAll(
  options: CollectOptions,
  { known, from, addTo, own }: Pick<SourceRequest, 'known' | 'from' | 'addTo' | 'own'>,
  context: StageContext,
): Promise<void> {
  const { dataset, dataDir } = options;
  const parent = join(dataDir, dataset);
  const final = rawFolder(dataDir, dataset);
  const staging = `${final}.incoming`;
  await rm(staging, { recursive: true, force: true });
  await makeFolder(staging);
  try {
    const request = { ...options, from, work: join(parent, 'download'), staging, known, addTo, own };
    const names = options.classNames && (await givenClassNames(options.classNames));
    const collected = await collectSource(request, context);
    if (!collected.imported) refuseGiven(options, IMAGE_OPTIONS, 'IDX files are copied as they are');
    if (names) collected.classNames = withClassNames(collected.classNames, names);
    const { name, text } = encodeManifest(makeManifest(options, known, collected));
    await writeFileAtomically(join(staging, name), text);
    await rm(final, { recursive: true, force: true });
    await rename(staging, final);
    await syncFolder(parent);
    warnOfRejections(final, collected, context.emit);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** One warning, however many there are; the listing names each. */
function warnOfRejections(folder: string, { samples }: CollectedSource, emit: Emit): void {
  if (!samples || samples.rejected === 0) return;
  const all = samples.train + samples.test + samples.rejected;
  emit({
    event: 'warning',
    code: 'IMAGES_REJECTED',
    message: `${samples.rejected} of ${all} files, rows or images were rejected`,
    hint: `${join(folder, samples.rejections.name)} lists each with its reason`,
  });
}

function makeManifest(
  { dataset, licence, origin, from }: CollectOptions,
  known: DatasetDefinition | undefined,
  { description, files, classNames, imported }: CollectedSource,
): RawManifest {
  return {
    format: 'mnist-train/raw',
    version: 1,
    dataset,
    source: from === undefined ? (known?.origin ?? description) : description,
    licence: known?.licence ?? licence ?? 'not stated',
    origin: known?.origin ?? origin ?? 'not stated',
    classNames: [...(known?.classNames ?? classNames)],
    collectedAt: new Date().toISOString(),
    files,
    ...(imported && { imported }),
  };
}
