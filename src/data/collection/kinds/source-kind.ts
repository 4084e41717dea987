import { join } from 'node:path';

import type { RawData, RawManifest } from '../../../artifacts/raw.js';
import type { StageContext } from '../../../core/events.js';
import { contentSize, sha256OfContent } from '../../../core/encryption/artifact-file.js';
import type { Named } from '../../../core/registry.js';
import { fileRoles, standardFileNames, type DatasetDefinition } from '../../datasets/dataset.js';
import { addedTo } from '../added-set.js';
import { importSamples, type ImportedSamples } from '../import-samples.js';
import type { ImageOptions, SampleSet } from '../sample.js';
import type { Rejection } from '../../rejection.js';

/** The input of a source kind. */
export interface CollectRequest {
  /** A file or folder on this machine. */
  place: string;
  /** Its name in errors: its path or web address. */
  source: string;
  /** The folder that receives the raw files. */
  staging: string;
  options: ImageOptions;
  /** The published data set to collect, if it is one. */
  known: DatasetDefinition | undefined;
  /** The data set to which the images are added as training images. */
  addTo: RawData | undefined;
  /** Earlier rejections. */
  rejected: readonly Rejection[];
  context: StageContext;
}

/** The raw files made from a source. */
export interface CollectedFiles {
  files: RawManifest['files'];
  /** Empty if the source does not name its classes. */
  classNames: readonly string[];
  /** The result of an import; undefined if files were only copied. */
  samples?: ImportedSamples;
}

/** A kind of source: detects it, and converts it to the four raw files. */
export interface SourceKind extends Named {
  /** Whether a file or folder is of this kind. */
  recognises(place: string): Promise<boolean>;
  collect(request: CollectRequest): Promise<CollectedFiles>;
}

interface SampleKind extends Named {
  recognises(place: string): Promise<boolean>;
  open: (place: string, options: ImageOptions, signal: AbortSignal) => Promise<SampleSet>;
}

/** Defines a source kind from a stream of samples. */
export function sampleKind({ open, ...kind }: SampleKind): SourceKind {
  return {
    ...kind,
    async collect({ place, source, staging, options, addTo, rejected, context }) {
      const { testShare, seed } = options;
      const set = addTo
        ? await addedTo(addTo, options, (fitting) => open(place, fitting, context.signal))
        : await open(place, options, context.signal);
      for (const note of set.notes ?? []) context.emit(note);
      const request = { set, rejected, source, folder: staging, testShare, seed };
      const samples = await importSamples(request, context);
      const files = {} as RawManifest['files'];
      for (const role of fileRoles) {
        const name = standardFileNames[role];
        const path = join(staging, name);
        const bytes = (await contentSize(path)) ?? 0;
        files[role] = { name, bytes, sha256: await sha256OfContent(path, context.signal) };
      }
      return { files, classNames: samples.classNames, samples };
    },
  };
}
