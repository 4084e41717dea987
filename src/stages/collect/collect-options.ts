import { z } from 'zod';

import type { ChosenFrom } from '../../core/config/resolve.js';
import { sourceKinds } from '../../data/collection/kinds/index.js';
import { sources } from '../../data/collection/own/index.js';
import { imageFits } from '../../data/imaging/importing/decode.js';
import { dataDirOption, datasetOption, pluginOptions, seedOption } from '../../core/config/common-options.js';

/** A number from 4 to 1024. */
const SIDE = '(?:[4-9]|[1-9]\\d{1,2}|10[01]\\d|102[0-4])';

/** What an option needs that says how images are made from a source. */
const onlyWith = { options: ['from', 'fromFeedback'], orPluginOf: 'source' };

/** The options of `collect`. */
export const collectFields = z.strictObject({
  dataset: datasetOption,
  from: z.string().min(1).optional().meta({
    description:
      'folder, file or URL: images by class, CSV table, NumPy, CIFAR, zip or tar archive, or IDX files; or a plug-in (.mjs)',
    placeholder: 'PLACE',
    pluginFor: 'source',
  }),
  fromFeedback: z.string().min(1).optional().meta({
    description: 'feedback of "mnist serve --feedback-dir": the folder or its feedback.jsonl',
    placeholder: 'PLACE',
  }),
  addTo: z.string().min(1).optional().meta({
    description: 'collected data set to extend; the new images are added to its training images',
    placeholder: 'DATASET',
  }),
  format: z
    .enum(['auto', ...sourceKinds.names])
    .default('auto')
    .meta({ onlyWith, description: 'format of --from; auto detects it', placeholder: 'KIND' }),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/i)
    .toLowerCase()
    .optional()
    .meta({
      onlyWith,
      description: 'expected SHA-256 of the file of --from',
      allowed: '64 hexadecimal digits',
      placeholder: 'HASH',
    }),
  classNames: z.array(z.string().min(1)).min(1).max(256).optional().meta({
    onlyWith,
    description: 'names of classes 0, 1, 2, …, or a file with one name per line',
    placeholder: 'NAME,…',
  }),
  licence: z
    .string()
    .min(1)
    .max(1000)
    .optional()
    .meta({ onlyWith, description: 'licence of your data, stored in the manifest', placeholder: 'TEXT' }),
  origin: z
    .string()
    .min(1)
    .max(1000)
    .optional()
    .meta({ onlyWith, description: 'origin of your data, stored in the manifest', placeholder: 'TEXT' }),
  size: z
    .union([z.int().min(4).max(1024), z.string().regex(new RegExp(`^${SIDE}x${SIDE}$`))])
    .optional()
    .meta({
      onlyWith,
      description:
        'size in pixels, 96 or 64x48 (width x height); without it, 28 for image files, else unchanged',
      allowed: 'a whole number from 4 to 1024, or two as in 64x48',
      placeholder: 'SIZE',
    }),
  fit: z.enum(imageFits).default('pad').meta({
    onlyWith,
    description: 'images of other proportions: pad with the edge colour, crop to the middle, or stretch',
  }),
  channels: z
    .union([z.literal(1), z.literal(3)])
    .optional()
    .meta({
      onlyWith,
      description: '1: grey, 3: colour; without it, colour for image files that have it, otherwise unchanged',
    }),
  centre: z.enum(['none', 'mass']).default('none').meta({
    onlyWith,
    description: 'mass: crop the drawing, scale it to 20/28 of the size and centre it by mass, as in MNIST',
  }),
  invert: z
    .enum(['auto', 'yes', 'no'])
    .default('no')
    .meta({ onlyWith, description: 'invert black and white; auto: if the background is light' }),
  testShare: z
    .number()
    .min(0.01)
    .max(0.9)
    .default(0.2)
    .meta({ onlyWith, description: 'share of each class to use as test split if the source has none' }),
  maxPixels: z
    .int()
    .min(1)
    .max(2 ** 28)
    .default(2 ** 24)
    .meta({ onlyWith, description: 'skip images with more pixels' }),
  plugin: pluginOptions.plugin,
  seed: seedOption,
  dataDir: dataDirOption,
});

/** The options of `collect`, and the source with its own. */
export const collectSpace = {
  fields: collectFields,
  choices: {
    source: {
      registry: sources,
      fallback: 'files',
      description: 'where the images come from: the files of --from, or a source of your own',
    },
  },
};

/** The validated options of `collect`. */
export type CollectOptions = Readonly<
  z.output<typeof collectFields> & { source?: ChosenFrom<typeof sources> | undefined }
>;
