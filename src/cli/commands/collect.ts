import { z } from 'zod';

import type { RawManifest } from '../../artifacts/raw.js';
import { collect, collectFields } from '../../stages/collect/collect.js';
import { bytes, columns, count } from '../terminal/format.js';
import { commonFields, defineCommand } from '../command.js';

/** What an import made of a source; nothing for files that were only copied. */
function importedRows({ imported, classNames }: RawManifest): [string, string][] {
  if (!imported) return [];
  const { size, channels, images } = imported;
  const held = images.validation === undefined ? '' : ` (${count(images.validation)} of them validation)`;
  const rejected = images.rejected === 0 ? '' : `; ${count(images.rejected)} not taken`;
  return [
    [
      'classes',
      `${classNames.length}: ${classNames.slice(0, 12).join(', ')}${classNames.length > 12 ? ' …' : ''}`,
    ],
    ['images', `${count(images.train)} for training${held}, ${count(images.test)} for the test${rejected}`],
    ['shape', `${size}×${size}, ${channels === 1 ? 'grey' : 'colour'}`],
  ];
}

export const collectCommand = defineCommand({
  summary: 'bring a data set to the data folder: a published one, or your own images',
  positionals: [{ name: 'dataset', description: 'data set, by name', required: false, key: 'dataset' }],
  space: { fields: z.strictObject({ ...commonFields.shape, ...collectFields.shape }), choices: {} },
  examples: [
    ['mnist collect', 'MNIST, which comes with this package'],
    [
      'mnist collect fashion-mnist --from ~/Downloads',
      'from a folder with the four IDX files, gzipped or not',
    ],
    ['mnist collect letters --from ~/letters', 'your own images, in a folder for each class'],
    ['mnist collect notes --from scans.csv --invert auto --centre mass', 'a table of file names and labels'],
    [
      'mnist collect blood --from https://example.org/blood.npz --sha256 … --licence "CC BY 4.0"',
      'from a third party, pinned to a hash',
    ],
  ],
  async run({ options, context }) {
    const { folder, manifest } = await collect(options, context);
    return {
      data: { folder, manifest },
      text: ({ bold }) =>
        columns([
          ['data set', bold(manifest.dataset)],
          ['folder', folder],
          ...Object.values(manifest.files).map(({ name, bytes: size }) => ['', `${name} (${bytes(size)})`]),
          ...importedRows(manifest),
          ['source', manifest.source],
          ['licence', manifest.licence],
          ['next', `mnist preprocess ${manifest.dataset}`],
        ]),
    };
  },
});
