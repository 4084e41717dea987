import { rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import type { RawData, RawManifest } from '../../artifacts/raw.js';
import { isInterruption } from '../../core/interruption.js';
import { isToolkitError, ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import type { DatasetDefinition } from '../datasets/dataset.js';
import { fileSize } from '../../core/files.js';
import type { PluginRecord } from '../../core/plugins/records.js';
import { collectIdx } from './collect-idx.js';
import { refuseForeignFile, refuseForeignFolder } from './foreign-source.js';
import { holdsImages } from './kinds/folder.js';
import { sourceKinds } from './kinds/index.js';
import type { CollectedFiles, SourceKind } from './kinds/source-kind.js';
import { isAddress, isFileAddress, obtain, refusePlaintext, type Place } from './obtain.js';
import { isByteRange } from './pixel-range.js';
import type { OwnOrigin } from './own/own-origin.js';
import { sizeNamed, type ImageOptions } from './sample.js';
import { candidateNames, mirrorSource } from './sources.js';

/** The source and options of a collection. */
export interface SourceRequest extends Omit<ImageOptions, 'size' | 'channels'> {
  /** A side of squares, or width and height as in `64x48`. */
  size?: number | string | undefined;
  channels?: 1 | 3 | undefined;
  /** A folder, a file, or a web address. */
  from: string;
  /** The name of a source kind, or `auto`. */
  format: string;
  sha256?: string | undefined;
  known: DatasetDefinition | undefined;
  addTo?: RawData | undefined;
  /** The source in the place of `from`. */
  own?: OwnOrigin | undefined;
  /** The folder for downloaded and unpacked files. */
  work: string;
  /** The folder that receives the raw files. */
  staging: string;
}

/** The raw files of a source, and their origin for the manifest. */
export interface CollectedSource extends CollectedFiles {
  /** The source's name in the manifest. */
  description: string;
  imported?: NonNullable<RawManifest['imported']>;
}

/**
 * Collects a source: downloads and unpacks it if needed, detects its kind, and converts it to the four raw files. A failed download is
 * kept if the next attempt can resume it.
 */
export async function collectSource(request: SourceRequest, context: StageContext): Promise<CollectedSource> {
  const { work } = request;
  try {
    const collected = await fromAnywhere(request, context);
    await rm(work, { recursive: true, force: true });
    return collected;
  } catch (error) {
    // The next attempt resumes a broken download, but not a wrong file.
    const isWrong = isToolkitError(error) && error.code !== 'DOWNLOAD_FAILED' && !isInterruption(error);
    await rm(isWrong ? work : join(work, 'unpacked'), { recursive: true, force: true });
    throw error;
  }
}

function fromAnywhere(request: SourceRequest, context: StageContext): Promise<CollectedSource> {
  if (request.own) return fromOwn(request, request.own, context);
  return isMirror(request) ? fromMirror(request, context) : fromPlace(request, context);
}

async function fromOwn(
  request: SourceRequest,
  { description, plugin, kind }: OwnOrigin,
  context: StageContext,
): Promise<CollectedSource> {
  const place: Place = { path: description, description, file: undefined, rejected: [] };
  const collected = await collectAs(kind, place, request, context);
  return { ...collected, description, ...imported(kind, place, collected, request, plugin) };
}

/** Whether a web address is a folder with the four files, rather than a single file. */
function isMirror({ from, format, sha256 }: SourceRequest): boolean {
  return isAddress(from) && sha256 === undefined && !isFileAddress(from) && ['auto', 'idx'].includes(format);
}

async function fromMirror(
  { from, work, staging, known }: SourceRequest,
  context: StageContext,
): Promise<CollectedSource> {
  refusePlaintext({ from, wanted: known && wantedBy(known) }, 'what is downloaded');
  const source = mirrorSource(from, work, context, known?.fileNames);
  const files = await collectIdx(source, staging, known, context);
  return { description: source.description, files, classNames: [] };
}

async function fromPlace(request: SourceRequest, context: StageContext): Promise<CollectedSource> {
  const { from, work, known, sha256 } = request;
  if (!isAddress(from) && (await fileSize(from)) !== undefined) await refuseForeignFile(from);
  const pinned = sha256 ?? (/\.zip$/i.test(from) ? known?.archive?.sha256 : undefined);
  const place = await obtain({ from, work, sha256: pinned, wanted: known && wantedBy(known) }, context);
  if (isAddress(from) && pinned === undefined && place.file) {
    context.emit({
      event: 'notice',
      message: `fetched without a pinned hash; pin it with --sha256 ${place.file.sha256}`,
    });
  }
  const kind = await kindOf(place, request);
  const collected = await collectAs(kind, place, request, context);
  return { ...collected, description: place.description, ...imported(kind, place, collected, request) };
}

function collectAs(
  kind: SourceKind,
  { path, description, rejected }: Place,
  request: SourceRequest,
  context: StageContext,
): Promise<CollectedFiles> {
  const { staging, known, addTo, size, channels } = request;
  const options = { ...request, size: size === undefined ? undefined : sizeNamed(size), channels };
  return kind.collect({
    place: path,
    source: description,
    staging,
    options,
    known,
    addTo,
    rejected,
    context,
  });
}

/** Selects the four files of this set in an archive with several sets. */
function wantedBy({ files, fileNames }: DatasetDefinition): (name: string) => boolean {
  const names = Object.keys(files).flatMap((role) => candidateNames(role as keyof typeof files, fileNames));
  return (member) => names.includes(member.split('/').at(-1) ?? '');
}

async function kindOf(place: Place, { format, known, from }: SourceRequest): Promise<SourceKind> {
  const named = sourceKinds.get(known ? 'idx' : format);
  if (named) return named;
  for (const kind of sourceKinds) if (await kind.recognises(place.path)) return kind;
  await refuseForeign(place.path);
  throw new ToolkitError('SOURCE_REFUSED', {
    path: from,
    reason: 'no images by class found',
    hint: await hintFor(place, from),
  });
}

async function refuseForeign(path: string): Promise<void> {
  const isFile = (await fileSize(path)) !== undefined;
  await (isFile ? refuseForeignFile(path) : refuseForeignFolder(path));
}

/** A folder that contains images directly is a class folder: its parent is the source. */
async function hintFor({ path }: Place, from: string): Promise<string> {
  if (!isAddress(from) && (await holdsImages(path))) {
    return `expected FOLDER/CLASS/image.png; did you mean --from ${dirname(resolve(from))}?`;
  }
  return `expected FOLDER/CLASS/image.png; or set --format to one of ${sourceKinds.names.join(', ')}`;
}

function imported(
  kind: SourceKind,
  { file }: Place,
  { samples }: CollectedFiles,
  { fit, centre, invert, testShare, seed, addTo }: SourceRequest,
  plugin?: PluginRecord,
): Pick<CollectedSource, 'imported'> {
  if (!samples) return {};
  const { shape, range, train, validation, test, rejected, sources, rejections } = samples;
  return {
    imported: {
      format: kind.name,
      ...(file && { file }),
      ...(plugin && { plugin }),
      ...(addTo && { addedTo: addTo.manifest.dataset, base: addTo.manifest.files }),
      size: shape.width,
      ...(shape.height !== shape.width && { height: shape.height }),
      channels: shape.channels,
      ...(range && !isByteRange({ from: range }) && { range: [...range] as [number, number] }),
      ...(fit !== 'pad' && { fit }),
      centre,
      invert,
      testShare,
      seed,
      images: { train, ...(validation > 0 && { validation }), test, rejected },
      sources,
      rejections,
    },
  };
}
