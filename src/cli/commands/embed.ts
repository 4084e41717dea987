import { embedFields } from '../../stages/embed/embed-options.js';
import { columns, count } from '../terminal/format.js';
import { checkpointPositional, defineCommand, withCommonOptions } from '../command.js';

export const embedCommand = defineCommand({
  summary: 'export the embeddings of images, with 2-D projections',
  positionals: [checkpointPositional],
  space: withCommonOptions(embedFields),
  examples: [
    ['mnist embed latest', 'embeddings of the test images as .npy, with PCA and UMAP plots'],
    ['mnist embed my-run --split training --output training.csv --maps pca', 'as CSV, with a PCA plot'],
  ],
  async run({ positionals, options, context }) {
    // Loads the image codec only when it is needed.
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
