import { join } from 'node:path';

import { contentOf, type RawManifest } from '../../artifacts/raw.js';
import { isToolkitError, ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { fileSize } from '../../core/files.js';
import { sha256OfContent } from '../../core/encryption/artifact-file.js';
import { sha256OfFile } from '../../core/hashing.js';
import {
  fileRoles,
  standardFileNames,
  type DatasetDefinition,
  type FileRole,
  type PinnedFile,
} from '../datasets/dataset.js';
import { ingestIdx } from './ingest.js';
import type { FetchedFile, Source } from './sources.js';
import { applyMnistConvention } from './idx-convention.js';

/**
 * Copies the four files of a source into a folder, unpacks them, and checks them against the published hashes of known data sets.
 * Throws the errors of `Source.fetch` and `ingestIdx`.
 */
export async function collectIdx(
  source: Source,
  staging: string,
  known: DatasetDefinition | undefined,
  { signal, emit }: StageContext,
): Promise<RawManifest['files']> {
  const files = {} as RawManifest['files'];
  for (const role of fileRoles) {
    const fetched = await source.fetch(role);
    const destination = join(staging, standardFileNames[role]);
    try {
      const isVerified = await refuseOtherGzip(fetched, role, known, signal);
      const file = await ingest(fetched, role, destination, known, signal);
      files[role] = { name: standardFileNames[role], ...file };
      if (known && !isVerified && !known.archive && known.files[role].sha256 === undefined) {
        const message = `${fetched.name}: only its size and structure could be checked; the gzipped file has a published hash`;
        emit({ event: 'notice', message });
      }
    } catch (error) {
      // The next attempt must not resume a wrong download.
      if (isToolkitError(error)) await source.cleanUp();
      throw error;
    }
  }
  return files;
}

async function ingest(
  { path, name }: FetchedFile,
  role: FileRole,
  destination: string,
  known: DatasetDefinition | undefined,
  signal: AbortSignal,
): Promise<PinnedFile> {
  const content = contentOf(role);
  const file = await ingestIdx({ path, name, content, destination, pinned: known?.files[role], signal });
  const { isTransposed = false, firstLabel = 0 } = known ?? {};
  if (!isTransposed && firstLabel === 0) return file;
  await applyMnistConvention(destination, content, { isTransposed, firstLabel });
  return { ...file, sha256: await sha256OfContent(destination, signal) };
}

/** Whether a file is the published gzipped one. Throws DATA_REFUSED for another gzipped file. */
async function refuseOtherGzip(
  { path, name }: FetchedFile,
  role: FileRole,
  known: DatasetDefinition | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const published = known?.files[role].gzip;
  if (!published || !/\.gz$/i.test(path)) return false;
  const found = { bytes: await fileSize(path), sha256: await sha256OfFile(path, signal) };
  if (found.bytes === published.bytes && found.sha256 === published.sha256) return true;
  const details = { path: name, what: 'SHA-256', expected: published.sha256, found: found.sha256 };
  throw new ToolkitError('DATA_REFUSED', details);
}
