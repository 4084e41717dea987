import { z } from 'zod';

import { liteFormats, writeLite } from '../tflite/export.js';
import { defineTarget } from './target.js';

const options = z.strictObject({
  formats: z
    .tuple([z.enum(liteFormats)], z.enum(liteFormats))
    .default([...liteFormats])
    .meta({ description: 'formats to write' }),
});

/** Models for LiteRT (TensorFlow Lite) on phones, and a C array for microcontrollers. */
export const tflite = defineTarget({
  name: 'tflite',
  summary: 'TFLite models for phones and microcontrollers: float32, float16, int8',
  destination: 'folder',
  options,
  export: (source, { formats: [first, ...others] }, folder) =>
    writeLite(
      source,
      [first, ...others.filter((format, at) => format !== first && others.indexOf(format) === at)],
      folder,
    ),
});
