import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { exists } from '../../../core/files.js';
import { collectIdx } from '../collect-idx.js';
import { contentRoot } from '../content-root.js';
import { candidateNames, folderSource } from '../sources.js';
import type { SourceKind } from './source-kind.js';

/** Four IDX files in MNIST's format, gzipped or not. */
export const idx: SourceKind = {
  name: 'idx',
  summary: 'four IDX files in MNIST’s format, gzipped or not',

  async recognises(place) {
    const found = await stat(place).catch(() => undefined);
    if (!found?.isDirectory()) return false;
    const root = await contentRoot(place);
    const names = candidateNames('train-images').map((name) => exists(join(root, name)));
    return (await Promise.all(names)).includes(true);
  },

  async collect({ place, source, staging, known, context }) {
    const root = await contentRoot(place);
    const files = await collectIdx(folderSource(root, source, known?.fileNames), staging, known, context);
    return { files, classNames: [] };
  },
};
