import type { RawManifest } from '../../artifacts/raw.js';
import { collect, collectSpace } from '../../stages/collect/collect.js';
import { bytes, columns, count } from '../terminal/format.js';
import { defineCommand, withCommonOptions } from '../command.js';

/** The result of an import; nothing for files that were only copied. */
function importedRows({ imported, classNames }: RawManifest): [string, string][] {
  if (!imported) return [];
  const { size, height = size, channels, images } = imported;
  const held = images.validation === undefined ? '' : ` (including ${count(images.validation)} validation)`;
  const rejected = images.rejected === 0 ? '' : `; ${count(images.rejected)} rejected`;
  return [
    [
      'classes',
      `${classNames.length}: ${classNames.slice(0, 12).join(', ')}${classNames.length > 12 ? ' …' : ''}`,
    ],
    ['images', `${count(images.train)} training${held}, ${count(images.test)} test${rejected}`],
    ['shape', `${size}×${height}, ${channels === 1 ? 'grey' : 'colour'}`],
  ];
}

export const collectCommand = defineCommand({
  summary: 'collect a data set: a published one or your own images',
  positionals: [
    { name: 'dataset', description: 'data set name', required: false, key: 'dataset', kind: 'dataset' },
  ],
  space: withCommonOptions(collectSpace.fields, collectSpace.choices),
  examples: [
    ['mnist collect', 'MNIST, included in this package'],
    ['mnist collect fashion-mnist --from ~/Downloads', 'from a folder with the four IDX files'],
    ['mnist collect letters --from ~/letters', 'your own images, one folder per class'],
    [
      'mnist collect notes --from scans.csv --invert auto --centre mass',
      'a CSV table of file names and labels',
    ],
    [
      'mnist collect parts --from ./source.mjs',
      'a program that reads a database or a camera (docs/plugins.md)',
    ],
    [
      'mnist collect blood --from https://example.org/blood.npz --sha256 …',
      'a download, verified by its hash; record its licence with --licence',
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
