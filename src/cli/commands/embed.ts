import { z } from 'zod';

import { embedFields } from '../../stages/embed/embed-options.js';
import { columns, count } from '../terminal/format.js';
import { checkpointPositional, commonFields, defineCommand } from '../command.js';

export const embedCommand = defineCommand({
  summary: 'write what a model makes of images before it decides, with a map of them',
  positionals: [checkpointPositional],
  space: { fields: z.strictObject({ ...commonFields.shape, ...embedFields.shape }), choices: {} },
  examples: [
    ['mnist embed latest', 'the test images, as .npy, with their PCA and UMAP'],
    ['mnist embed my-run --split training --output training.csv --maps pca', 'for a spreadsheet'],
  ],
  async run({ positionals, options, context }) {
    // The codec of images is loaded only where it is used.
    const { embed } = await import('../../stages/embed/embed.js');
    const embedded = await embed(positionals[0] ?? '', options, context);
    const { images, size, output, labels, maps } = embedded;
    return {
      data: embedded,
      text: () =>
        columns([
          ['embeddings', `${output} (${count(images)} × ${size})`],
          ...(labels === null ? [] : [['labels', labels]]),
          ...Object.entries(maps).map(([name, path]) => [`${name} map`, path]),
        ]),
    };
  },
});
