import type { SplitName } from '../sample.js';

/** Width and height of every image of CIFAR. */
export const CIFAR_SIDE = 32;
/** Red, green and blue, one after the other. */
export const CIFAR_PIXEL_BYTES = 3 * CIFAR_SIDE ** 2;

/** One of the labels in front of an image. */
export interface CifarLabel {
  /** Its position in a record. */
  at: number;
  classes: number;
  /** The file with the names of the classes, a line for each. */
  names: string;
}

/** How the files of a data set are called, and how long its records are. */
export interface CifarLayout {
  name: string;
  /** The bytes before the pixels. */
  labelBytes: number;
  fine: CifarLabel;
  /** The superclasses, if there are any. */
  coarse?: CifarLabel;
  /** The split of a file by its name; undefined for other files. */
  splitOf: (file: string) => SplitName | undefined;
}

/**
 * The binary versions of CIFAR-10 and CIFAR-100, as described on the data sets' page (Krizhevsky, 2009): records without a header, each of
 * one or two labels, 1,024 bytes of red, 1,024 of green and 1,024 of blue, row by row.
 */
export const cifarLayouts: readonly CifarLayout[] = [
  {
    name: 'CIFAR-10',
    labelBytes: 1,
    fine: { at: 0, classes: 10, names: 'batches.meta.txt' },
    splitOf: (file) => {
      if (/^data_batch_\d+\.bin$/.test(file)) return 'train';
      return file === 'test_batch.bin' ? 'test' : undefined;
    },
  },
  {
    name: 'CIFAR-100',
    labelBytes: 2,
    fine: { at: 1, classes: 100, names: 'fine_label_names.txt' },
    coarse: { at: 0, classes: 20, names: 'coarse_label_names.txt' },
    splitOf: (file) => {
      if (file === 'train.bin') return 'train';
      return file === 'test.bin' ? 'test' : undefined;
    },
  },
];
