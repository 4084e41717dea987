import type { Named } from '../core/registry.js';

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

/** What a published file is: it is refused if it is anything else, whatever its source. Without gzip. */
export interface PinnedFile {
  bytes: number;
  sha256: string;
}

/** A published data set: what it is, and how to know that a copy is the real one. */
export interface DatasetDefinition extends Named {
  readonly licence: string;
  /** Who made it, and where it is described. */
  readonly origin: string;
  readonly classNames: readonly string[];
  readonly files: Readonly<Record<FileRole, PinnedFile>>;
  /** The folder that brings it with this package, if there is one. */
  readonly embeddedFolder?: () => string;
  /** How to get it, for a set that is not embedded. */
  readonly advice: string;
}
