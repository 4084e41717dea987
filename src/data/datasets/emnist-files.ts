import type { DatasetDefinition } from './dataset.js';

/** What the splits of EMNIST differ in. */
interface EmnistSplit {
  name: string;
  summary: string;
  /** The split's name in the names of its files. */
  split: string;
  train: number;
  test: number;
  /** A character for each class. */
  classNames: string;
  firstLabel?: number;
}

/** The archive of all splits, as TensorFlow Datasets (url_checksums/emnist.txt) pins it. */
const archive = {
  bytes: 561_753_746,
  sha256: 'fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e',
};

/** A split of EMNIST. Its images lie on their side; nobody has published the hashes of the single files. */
export function defineEmnist(definition: EmnistSplit): DatasetDefinition {
  const { name, summary, split, train, test, classNames, firstLabel = 0 } = definition;
  const images = (count: number): { bytes: number } => ({ bytes: 16 + count * 28 * 28 });
  const labels = (count: number): { bytes: number } => ({ bytes: 8 + count });
  return {
    name,
    summary,
    licence: 'public domain (NIST Special Database 19); cite the paper',
    origin:
      'G. Cohen, S. Afshar, J. Tapson and A. van Schaik, “EMNIST: an extension of MNIST to handwritten letters”, 2017',
    classNames: Array.from(classNames),
    files: {
      'train-images': images(train),
      'train-labels': labels(train),
      'test-images': images(test),
      'test-labels': labels(test),
    },
    fileNames: {
      'train-images': `emnist-${split}-train-images-idx3-ubyte`,
      'train-labels': `emnist-${split}-train-labels-idx1-ubyte`,
      'test-images': `emnist-${split}-test-images-idx3-ubyte`,
      'test-labels': `emnist-${split}-test-labels-idx1-ubyte`,
    },
    archive,
    isTransposed: true,
    firstLabel,
    advice:
      `download gzip.zip of EMNIST from NIST and run "mnist collect ${name} --from gzip.zip";` +
      ' its unpacked folder or a URL also works',
  };
}
