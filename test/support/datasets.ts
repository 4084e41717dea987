import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { idxImages, idxLabels } from './idx.js';

/** A small data set under the names that the files of MNIST have. */
export function smallDataset(): Record<string, Buffer> {
  return {
    'train-images-idx3-ubyte': idxImages(20),
    'train-labels-idx1-ubyte': idxLabels(Array.from({ length: 20 }, (_, index) => index % 3)),
    't10k-images-idx3-ubyte': idxImages(4),
    't10k-labels-idx1-ubyte': idxLabels([0, 1, 2, 2]),
  };
}

/** Writes files into a folder, and gives the folder. */
export async function writeFiles(folder: string, files: Readonly<Record<string, Buffer>>): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}
