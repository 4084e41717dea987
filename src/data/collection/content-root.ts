import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { splitNamed } from './sample.js';

const MAX_DEPTH = 3;

/** The content folder: archives often contain a single top-level folder. */
export async function contentRoot(folder: string): Promise<string> {
  let root = folder;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
    const visible = entries.filter(({ name }) => !name.startsWith('.') && name !== '__MACOSX');
    const [only] = visible;
    if (visible.length !== 1 || !only?.isDirectory() || splitNamed(only.name)) return root;
    const inner = await readdir(join(root, only.name), { withFileTypes: true }).catch(() => []);
    // A folder of images is a class; its name must be kept.
    const holdsMore = inner.some(
      (entry) => entry.isDirectory() || /\.(csv|tsv|npz|gz|bin)$|ubyte|^batches\.meta/i.test(entry.name),
    );
    if (!holdsMore) return root;
    root = join(root, only.name);
  }
  return root;
}
