import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';

import { isFolder } from '../../core/files.js';
import { isImageName } from './image-names.js';

/**
 * Names of other pictures than an import takes. Formats that are not read are among them: such a file is an error that names it,
 * rather than a picture that is left out without a word.
 */
const OTHER_PICTURE = /\.(jpe|heic|heif|jxl|svg)$/i;

/** The pictures below a folder. */
export interface FoundPictures {
  /** Their paths, beginning with the folder's, in natural order: 2 before 10. */
  files: string[];
  /** How many other files there are. */
  others: number;
}

const naturally = new Intl.Collator('en', { numeric: true });

/**
 * Finds the pictures in a folder and in those below it; hidden files and folders are left out. Links are followed, each folder
 * once. Throws the system's error for a folder that cannot be read.
 */
export async function picturesIn(folder: string, visited = new Set<string>()): Promise<FoundPictures> {
  const place = await realpath(folder);
  if (visited.has(place)) return { files: [], others: 0 };
  visited.add(place);
  const found: FoundPictures = { files: [], others: 0 };
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  // Of names that differ in nothing that the collator sees, the code units decide.
  for (const name of names.sort().sort((a, b) => naturally.compare(a, b))) {
    const path = join(folder, name);
    if (await isFolder(path)) {
      const below = await picturesIn(path, visited);
      found.files.push(...below.files);
      found.others += below.others;
    } else if (isImageName(name) || OTHER_PICTURE.test(name)) found.files.push(path);
    else found.others += 1;
  }
  return found;
}
