import { z } from 'zod';

import { colourOrders, layouts, outputKinds } from '../../onnx/settings.js';

const side = z.int().min(1).max(8192);
const perChannel = z.array(z.number().min(-1e6).max(1e6)).min(1).max(3);

/** What an ONNX file does not say: the JSON file that lies beside it. */
export const onnxPreprocessing = z.strictObject({
  /** The size of images, where the file leaves it open or takes a list of pixels. */
  height: side.optional(),
  width: side.optional(),
  channels: z.literal([1, 3]).optional(),
  /** Where the channels are; left out, where the sizes show it. */
  layout: z.enum(layouts).optional(),
  /** The order of the colours. */
  order: z.enum(colourOrders).optional(),
  /** What pixels of 0 and 255 become. */
  range: z
    .tuple([z.number().min(-1e6).max(1e6), z.number().min(-1e6).max(1e6)])
    .refine(([low, high]) => low < high, { error: 'the second number must be larger than the first' })
    .optional(),
  /** The values of torchvision's `Normalize`, which come after that. */
  mean: perChannel.optional(),
  std: z.array(z.number().positive().max(1e6)).min(1).max(3).optional(),
  /** The names of the classes in the order of the outputs. */
  classes: z.array(z.string().min(1).max(1000)).min(2).max(256).optional(),
  /** What the model gives; left out, what its outputs show. */
  output: z.enum(outputKinds).optional(),
  /** Which output, where there are several. */
  output_name: z.string().min(1).max(1000).optional(),
});

export type OnnxPreprocessing = z.output<typeof onnxPreprocessing>;
