import { z } from 'zod';

import { predict, predictFields } from '../../stages/predict/predict.js';
import { predictionsText } from '../terminal/results/predictions.js';
import { checkpointPositional, commonFields, defineCommand } from '../command.js';
import { imagesPositional, picturesOutcome, pictureSource } from '../pictures.js';

export const predictCommand = defineCommand({
  summary: 'classify image files with a checkpoint',
  positionals: [checkpointPositional, imagesPositional(true)],
  space: { fields: z.strictObject({ ...commonFields.shape, ...predictFields.shape }), choices: {} },
  examples: [
    ['mnist predict latest seven.png', 'a digit on paper, photographed or drawn'],
    ['mnist predict latest scans/*.png --json', 'for programs: class and probabilities of each'],
    ['mnist predict a seven.png --with b,c', 'with three checkpoints, by the mean of their probabilities'],
    ['mnist predict latest - --show < photo.jpg', 'from standard input; draws what the model saw'],
  ],
  async run({ positionals: [checkpoint, ...names], options, context, stdin }) {
    const pictures = names.map((name) => pictureSource(name, stdin));
    const result = await predict(checkpoint ?? '', pictures, options, context);
    return picturesOutcome(result, predictionsText);
  },
});
