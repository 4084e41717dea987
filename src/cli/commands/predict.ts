import { z } from 'zod';

import { predict, predictFields } from '../../stages/predict.js';
import { predictionsText } from '../../terminal/predictions.js';
import { commonFields, defineCommand } from '../command.js';
import { pictureSource } from '../pictures.js';

export const predictCommand = defineCommand({
  summary: 'classify image files with a checkpoint',
  positionals: [
    {
      name: 'checkpoint',
      description: 'a checkpoint file, a run’s folder or name, or "latest"',
      required: true,
    },
    {
      name: 'image',
      description: 'PNG, JPEG, GIF, WebP, TIFF or AVIF files; - for standard input',
      required: true,
      variadic: true,
    },
  ],
  space: { fields: z.strictObject({ ...commonFields.shape, ...predictFields.shape }), choices: {} },
  examples: [
    ['mnist predict latest seven.png', 'a digit on paper, photographed or drawn'],
    ['mnist predict latest scans/*.png --json', 'for programs: class and probabilities of each'],
    ['mnist predict latest - --show < photo.jpg', 'from standard input; draws what the model saw'],
  ],
  async run({ positionals: [checkpoint, ...names], options, context, stdin }) {
    const pictures = names.map((name) => pictureSource(name, stdin));
    const { failures, ...result } = await predict(checkpoint ?? '', pictures, options, context);
    return {
      data: {
        ...result,
        failures: failures.map(({ picture, error: { code, message } }) => ({ picture, code, message })),
      },
      text: (style) => predictionsText(result, style),
      failures: failures.map(({ error }) => error),
    };
  },
});
