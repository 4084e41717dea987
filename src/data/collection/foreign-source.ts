import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { ToolkitError } from '../../core/errors.js';

/** A format that is recognised but not supported. */
interface ForeignFormat {
  what: string;
  /** Its file names. */
  name: RegExp;
  /** Its magic bytes; without them, the name decides. */
  start?: RegExp;
  hint: string;
}

const WITH_PANDAS = (read: string): string =>
  `convert it: python -c "import pandas as p; p.${read}.to_csv('data.csv', index=False)"`;

const FORMATS: readonly ForeignFormat[] = [
  {
    what: 'a Parquet table',
    name: /\.parquet$/i,
    start: /^PAR1/,
    hint: WITH_PANDAS("read_parquet('data.parquet')"),
  },
  {
    what: 'a Feather table',
    name: /\.(feather|arrow)$/i,
    start: /^(ARROW1|FEA1)/,
    hint: WITH_PANDAS("read_feather('data.feather')"),
  },
  {
    what: 'an Excel workbook',
    name: /\.(xlsx|xlsm|xls|ods)$/i,
    // eslint-disable-next-line no-control-regex -- bytes are looked for
    start: /^\xd0\xcf\x11\xe0/,
    hint: 'save the sheet as "CSV UTF-8", and collect that file',
  },
  {
    what: 'an ARFF table of Weka',
    name: /\.arff$/i,
    start: /^(%[^\n]*\n|\s)*@relation\s/i,
    hint: 'save it as CSV in Weka; or write the names of the attributes in one line, and the lines after @data below it',
  },
  {
    what: 'a LIBSVM table',
    name: /\.(libsvm|svm|svmlight)$/i,
    hint: 'load it with sklearn.datasets.load_svmlight_file, and save numpy.savez("set.npz", images=x.toarray(), labels=y)',
  },
  {
    what: 'an HDF5 file',
    name: /\.(h5|hdf5|he5)$/i,
    start: /^\x89HDF/,
    hint: 'load its arrays with h5py, and save numpy.savez("set.npz", images=x, labels=y)',
  },
  {
    what: 'a MATLAB file',
    name: /\.mat$/i,
    start: /^MATLAB 5\.0/,
    hint: 'load it with scipy.io.loadmat, and save numpy.savez("set.npz", images=x, labels=y), images first: x.transpose(3, 0, 1, 2)',
  },
  {
    what: 'pickled Python objects',
    name: /\.(pkl|pickle|joblib)$/i,
    // eslint-disable-next-line no-control-regex -- bytes are looked for
    start: /^\x80[\x02-\x05][\]}(c\x95]/,
    hint: 'load it with Python if you trust it, and save numpy.savez("set.npz", images=x, labels=y)',
  },
  {
    what: 'a PyTorch file',
    name: /\.(pt|pth)$/i,
    hint: 'load it with torch.load if you trust it, and save numpy.savez("set.npz", images=x.numpy(), labels=y.numpy())',
  },
  {
    what: 'a TFRecord file',
    name: /\.tfrecords?$/i,
    hint: 'read it with TensorFlow, and write the images into a folder for each class',
  },
  {
    what: 'an SQLite database',
    name: /\.(sqlite3?|db)$/i,
    start: /^SQLite format 3/,
    hint: 'export the table as CSV',
  },
  {
    what: 'a 7-Zip archive',
    name: /\.7z$/i,
    start: /^7z\xbc\xaf/,
    hint: 'unpack it, and collect the folder',
  },
  { what: 'a RAR archive', name: /\.rar$/i, start: /^Rar!/, hint: 'unpack it, and collect the folder' },
  {
    what: 'an xz archive',
    name: /\.t?xz$/i,
    start: /^\xfd7zXZ/,
    hint: 'unpack it, and collect what it held',
  },
  { what: 'a bzip2 archive', name: /\.t?bz2$/i, start: /^BZh/, hint: 'unpack it, and collect what it held' },
  {
    what: 'a Zstandard archive',
    name: /\.zst$/i,
    start: /^\x28\xb5\x2f\xfd/,
    hint: 'unpack it, and collect what it held',
  },
  {
    what: 'a web page',
    name: /\.html?$/i,
    start: /^\s*<(!doctype html|html)/i,
    hint: 'download the file that the page offers, and collect that',
  },
  {
    what: 'JSON',
    name: /\.json$/i,
    hint: 'write a table: "file" and "label" in the first line, and a line for each image',
  },
  {
    what: 'one NumPy array',
    name: /\.npy$/i,
    start: /^\x93NUMPY/,
    hint: 'put images.npy and labels.npy into a folder and collect that, or numpy.savez("set.npz", images=x, labels=y)',
  },
];
const START_BYTES = 512;

/** Throws SOURCE_REFUSED for a file in a recognised but unsupported format, with a hint on how to convert it. */
export async function refuseForeignFile(path: string): Promise<void> {
  const start = await startOf(path);
  if (start === undefined) return;
  const format = FORMATS.find((known) => (known.start ? known.start.test(start) : known.name.test(path)));
  const named = FORMATS.find((known) => known.name.test(path));
  // A workbook is a zip archive, so its name decides.
  const found = format ?? (start.startsWith('PK') ? named : undefined);
  if (found)
    throw new ToolkitError('SOURCE_REFUSED', {
      path,
      reason: `it is ${found.what}, which is not supported`,
      hint: found.hint,
    });
}

/** Throws SOURCE_REFUSED for the first such file in a folder where nothing else was found. */
export async function refuseForeignFolder(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const { name } of entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.'))) {
    await refuseForeignFile(join(folder, name));
  }
}

async function startOf(path: string): Promise<string | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return undefined;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(START_BYTES), 0, START_BYTES, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}
