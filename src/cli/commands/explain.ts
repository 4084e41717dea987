import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { explainFields, explainSpace } from '../../stages/explain/explain-options.js';
import { explanationsText } from '../terminal/results/explanations.js';
import { checkpointPositional, commonFields, defineCommand } from '../command.js';
import { imagesPositional, picturesOutcome, pictureSource } from '../pictures.js';

export const explainCommand = defineCommand({
  summary: 'show which pixels support a class and which contradict it',
  positionals: [checkpointPositional, imagesPositional(false)],
  space: {
    fields: z.strictObject({ ...commonFields.shape, ...explainFields.shape }),
    choices: explainSpace.choices,
  },
  examples: [
    ['mnist explain latest seven.png', 'why is it a seven? a picture by integrated gradients'],
    ['mnist explain latest --index 8,247 --class 5', 'test images 8 and 247: what supports a five?'],
    ['mnist explain my-cnn seven.png --method grad-cam', 'where the last convolution looked'],
  ],
  async run({ positionals: [checkpoint, ...names], options, context, stdin }) {
    if (names.length === 0 && options.index.length === 0) {
      throw new ToolkitError('USAGE', {
        message: 'nothing to explain: no image was named',
        hint: 'name image files, or positions in the data set with --index',
      });
    }
    // The codec of images is loaded only where it is used.
    const { explain } = await import('../../stages/explain/explain.js');
    const pictures = names.map((name) => pictureSource(name, stdin));
    const result = await explain(checkpoint ?? '', pictures, options, context);
    return picturesOutcome(result, explanationsText);
  },
});
