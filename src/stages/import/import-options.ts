import { z } from 'zod';

import { RUN_NAME } from '../../artifacts/run.js';
import { checkpointsDirOption, datasetOption } from '../../core/config/common-options.js';

/** How a model's first layer expects pixels; `none` leaves them at 0 to 255. */
export const importScalings = ['zero-one', 'minus-one-one', 'none'] as const;

const SIDE = '([1-9]\\d{0,3})';

/** The options of `import`, beside the file. */
export const importFields = z.strictObject({
  run: z.string().regex(RUN_NAME).optional().meta({
    description: 'name of the new run; without it, that of the file',
    allowed: 'letters, digits, dots, dashes and underscores',
  }),
  dataset: datasetOption.meta({ description: 'data set that the model is for' }),
  classes: z.array(z.string().min(1).max(1000)).max(256).default([]).meta({
    description: 'class names in the order of the outputs; without it, those of the data set',
    placeholder: 'NAME,…',
  }),
  scaling: z.enum(importScalings).optional().meta({
    description:
      'pixels that the model expects: 0…1, −1…1, or 0…255 (none); without it, none if its first layer scales them, else zero-one',
  }),
  mean: z.array(z.number()).max(16).default([]).meta({
    description: 'means that were subtracted from the scaled pixels, one for all channels or one for each',
    placeholder: 'X,…',
  }),
  std: z.array(z.number().positive()).max(16).default([]).meta({
    description: 'standard deviations that they were then divided by',
    placeholder: 'X,…',
  }),
  size: z
    .string()
    .regex(new RegExp(`^${SIDE}(x${SIDE})?$`))
    .optional()
    .meta({
      description: 'image size, 96 or 64x48 (width x height), for models that do not say it',
      allowed: 'a whole number, or two as in 64x48',
      placeholder: 'SIZE',
    }),
  layers: z.string().min(1).optional().meta({
    description:
      'description of the layers of a PyTorch model; without it, the .json file beside the weights',
    placeholder: 'FILE',
  }),
  preprocessing: z.string().min(1).optional().meta({
    description: 'JSON file with the preprocessing of an ONNX model; without it, the .json file beside it',
    placeholder: 'FILE',
  }),
  checkpointsDir: checkpointsDirOption,
});

export type ImportOptions = z.output<typeof importFields>;

/** The image size that the options give. */
export function sizeOf({ size }: ImportOptions): { width: number; height: number } | undefined {
  if (size === undefined) return undefined;
  const [width, height = width] = size.split('x').map(Number);
  return { width: width!, height: height! };
}
