import { z } from 'zod';

import { sourceKinds } from '../../data/collection/kinds/index.js';
import { dataDirOption, datasetOption, seedOption } from '../../core/config/common-options.js';

/** The options of `collect`. */
export const collectFields = z.strictObject({
  dataset: datasetOption,
  from: z.string().min(1).optional().meta({
    description:
      'folder, file or web address: images by class, a table, a NumPy, zip or tar archive, or IDX files',
    placeholder: 'PLACE',
  }),
  fromFeedback: z.string().min(1).optional().meta({
    description: 'folder of "mnist serve --feedback-dir", or its feedback.jsonl: images with people’s labels',
    placeholder: 'PLACE',
  }),
  addTo: z.string().min(1).optional().meta({
    description: 'a collected data set whose images come first; what is added joins the training alone',
    placeholder: 'DATASET',
  }),
  format: z
    .enum(['auto', ...sourceKinds.names])
    .default('auto')
    .meta({ description: 'what --from is, where it cannot be told by what is there', placeholder: 'KIND' }),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/i)
    .toLowerCase()
    .optional()
    .meta({
      description: 'what the file or archive of --from has to hash to',
      allowed: '64 hexadecimal digits',
      placeholder: 'HASH',
    }),
  classNames: z.array(z.string().min(1)).min(1).max(256).optional().meta({
    description: 'names of the classes 0, 1, 2 … of a source that has none, or a file with one in each line',
    placeholder: 'NAME,…',
  }),
  licence: z
    .string()
    .min(1)
    .max(1000)
    .optional()
    .meta({ description: 'licence of your own data, recorded with it', placeholder: 'TEXT' }),
  origin: z
    .string()
    .min(1)
    .max(1000)
    .optional()
    .meta({ description: 'who made your own data and where, recorded with it', placeholder: 'TEXT' }),
  size: z
    .int()
    .min(4)
    .max(1024)
    .optional()
    .meta({ description: 'width and height of the images; 28 for image files, else as they are' }),
  channels: z
    .union([z.literal(1), z.literal(3)])
    .optional()
    .meta({ description: '1 for grey, 3 for colour; grey for image files, else as they are' }),
  centre: z.enum(['none', 'mass']).default('none').meta({
    description: 'mass: cut out what is drawn, fit it into 20/28 of the size and centre it, as MNIST did',
  }),
  invert: z.enum(['auto', 'yes', 'no']).default('no').meta({
    description: 'swap black and white; auto: where the background is light',
  }),
  testShare: z
    .number()
    .min(0.01)
    .max(0.9)
    .default(0.2)
    .meta({ description: 'share of each class that becomes the test split, where the source has none' }),
  maxPixels: z
    .int()
    .min(1)
    .max(2 ** 28)
    .default(2 ** 24)
    .meta({ description: 'images with more pixels are left out' }),
  seed: seedOption,
  dataDir: dataDirOption,
});

/** All options but the data set and its folder can be left to their defaults. */
export type CollectOptions = Pick<z.output<typeof collectFields>, 'dataset' | 'dataDir'> &
  Partial<z.output<typeof collectFields>>;

/** A command passes what every command has, too. */
const tolerant = z.object(collectFields.shape);

/** The options with the defaults of those that are missing or undefined. Throws a ZodError where one is not allowed. */
export function completeCollectOptions(options: CollectOptions): z.output<typeof collectFields> {
  return tolerant.parse(
    Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
  );
}
