import { z } from 'zod';

import { collect, collectFields } from '../../stages/collect.js';
import { bytes, columns } from '../../terminal/format.js';
import { commonFields, defineCommand } from '../command.js';

export const collectCommand = defineCommand({
  summary: 'bring the raw files of a data set to the data folder, verified',
  positionals: [{ name: 'dataset', description: 'data set, by name', required: false, key: 'dataset' }],
  space: { fields: z.strictObject({ ...commonFields.shape, ...collectFields.shape }), choices: {} },
  examples: [
    ['mnist collect', 'MNIST, which comes with this package'],
    [
      'mnist collect fashion-mnist --from ~/Downloads',
      'from a folder with the four IDX files, gzipped or not',
    ],
    [
      'mnist collect letters --from https://example.org/letters/',
      'a data set of your own, from a web server',
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
          ['source', manifest.source],
          ['licence', manifest.licence],
          ['next', `mnist preprocess ${manifest.dataset}`],
        ]),
    };
  },
});
