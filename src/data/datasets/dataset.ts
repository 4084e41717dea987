import type { Named } from '../../core/registry.js';

/** The four files of a data set, by what they hold. */
export const fileRoles = ['train-images', 'train-labels', 'test-images', 'test-labels'] as const;

export type FileRole = (typeof fileRoles)[number];

/** The names that the files of MNIST have, and with them those of every set that follows it. */
export const standardFileNames: Readonly<Record<FileRole, string>> = {
  'train-images': 'train-images-idx3-ubyte',
  'train-labels': 'train-labels-idx1-ubyte',
  'test-images': 't10k-images-idx3-ubyte',
  'test-labels': 't10k-labels-idx1-ubyte',
};

/** What a file is, to the last bit. */
export interface PinnedFile {
  bytes: number;
  sha256: string;
}

/** What a published file is, without gzip: it is refused if it is anything else, whatever its source. */
export interface PublishedFile {
  bytes: number;
  /** Undefined where nobody has published it; then the hash of the gzipped file, or of the archive, is what is known. */
  sha256?: string;
  /** The file as it is published, gzipped. */
  gzip?: PinnedFile;
}

/** A published data set: what it is, and how to know that a copy is the real one. */
export interface DatasetDefinition extends Named {
  readonly licence: string;
  /** Who made it, and where it is described. */
  readonly origin: string;
  readonly classNames: readonly string[];
  readonly files: Readonly<Record<FileRole, PublishedFile>>;
  /** The names of its files, where they are not those of MNIST. */
  readonly fileNames?: Readonly<Record<FileRole, string>>;
  /** The zip archive that holds them, as it is published. */
  readonly archive?: PinnedFile;
  /** Whether its images lie on their side, columns for rows; they are turned as they are collected. */
  readonly isTransposed?: boolean;
  /** The label of its first class, where it is not 0; labels are counted from 0 as they are collected. */
  readonly firstLabel?: number;
  /** The folder that brings it with this package, if there is one. */
  readonly embeddedFolder?: () => string;
  /** How to get it, for a set that is not embedded. */
  readonly advice: string;
}
