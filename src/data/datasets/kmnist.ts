import type { DatasetDefinition } from './dataset.js';

/**
 * Kuzushiji-MNIST. The hashes are those of the gzipped files that TensorFlow Datasets (url_checksums/kmnist.txt) and torchvision
 * publish and agree on; nobody has published those of the files within.
 */
export const kmnist: DatasetDefinition = {
  name: 'kmnist',
  summary: 'cursive Japanese characters (Kuzushiji-MNIST), 60,000 + 10,000 images, 28×28',
  licence: 'CC BY-SA 4.0',
  origin:
    'T. Clanuwat et al., “Deep Learning for Classical Japanese Literature”, 2018; ROIS-DS Center for Open Data in the Humanities',
  classNames: ['o', 'ki', 'su', 'tsu', 'na', 'ha', 'ma', 'ya', 're', 'wo'],
  files: {
    'train-images': {
      bytes: 47_040_016,
      gzip: {
        bytes: 18_165_135,
        sha256: '51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4',
      },
    },
    'train-labels': {
      bytes: 60_008,
      gzip: { bytes: 29_497, sha256: 'e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17' },
    },
    'test-images': {
      bytes: 7_840_016,
      gzip: { bytes: 3_041_136, sha256: 'edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5' },
    },
    'test-labels': {
      bytes: 10_008,
      gzip: { bytes: 5_120, sha256: '20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c' },
    },
  },
  advice:
    'download its four files from https://codh.rois.ac.jp/kmnist/dataset/kmnist/ and run' +
    ' "mnist collect kmnist --from FOLDER", or give the URL of a mirror',
};
