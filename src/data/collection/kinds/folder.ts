import { readdir, stat } from 'node:fs/promises';

import { isFolderEntry, listClassFolders } from '../class-folders.js';
import { contentRoot } from '../content-root.js';
import { isImageName } from '../../imaging/image-names.js';
import { decodeImage } from '../../imaging/importing/decode.js';
import { pictureChannels } from '../../imaging/importing/colour.js';
import { shapeOf, targetFor, unlabelledWarning, type Sample } from '../sample.js';
import { SourceFolder } from '../source-files.js';
import type { Rejection } from '../../rejection.js';
import { sampleKind } from './source-kind.js';

/** Images in one folder per class: `cat/1.png`, or `train/cat/1.png` and `test/cat/2.png`. */
export const folder = sampleKind({
  name: 'folder',
  summary: 'images in one folder per class, optionally below train/ and test/',

  async recognises(place) {
    const found = await stat(place).catch(() => undefined);
    if (!found?.isDirectory()) return false;
    const root = await contentRoot(place);
    for (const entry of await readdir(root, { withFileTypes: true })) {
      if (!entry.name.startsWith('.') && (await isFolderEntry(root, entry))) return true;
    }
    return false;
  },

  async open(place, options) {
    const root = await contentRoot(place);
    const files = await SourceFolder.open(root);
    const { entries, unlabelled } = await listClassFolders(root);
    const names = entries.flatMap((entry) => ('reason' in entry ? [] : [entry.name]));
    const { channels, notes: colours } = await pictureChannels(names, files, options);
    const target = targetFor(options, { channels });
    const samples = entries.map((entry): Sample | Rejection => {
      if ('reason' in entry) return entry;
      return { ...entry, load: async () => decodeImage(await files.read(entry.name), target) };
    });
    const notes = [...colours, ...(unlabelled === undefined ? [] : [unlabelledWarning(`${unlabelled}/`)])];
    return { shape: shapeOf(target), total: samples.length, notes, samples };
  },
});

/** Whether a folder contains image files directly, like a class folder. */
export async function holdsImages(place: string): Promise<boolean> {
  const names = await readdir(place).catch((): string[] => []);
  return names.some(isImageName);
}
