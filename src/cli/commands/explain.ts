import { ToolkitError } from '../../core/errors.js';
import { explainSpace } from '../../stages/explain/explain-options.js';
import { explanationsText } from '../terminal/results/explanations.js';
import { checkpointPositional, defineCommand, withCommonOptions } from '../command.js';
import { imagesPositional, picturesOutcome, pictureSources } from '../pictures.js';

export const explainCommand = defineCommand({
  summary: 'explain predictions with heat maps',
  positionals: [checkpointPositional, imagesPositional(false)],
  space: withCommonOptions(explainSpace.fields, explainSpace.choices),
  examples: [
    ['mnist explain latest seven.png', 'why a seven? heat map by integrated gradients'],
    ['mnist explain latest --index 8,247 --class 5', 'test images 8 and 247: what supports class 5?'],
    ['mnist explain my-cnn seven.png --method grad-cam', 'Grad-CAM of the last convolution'],
  ],
  async run({ positionals: [checkpoint, ...names], options, context, stdin }) {
    if (names.length === 0 && options.index.length === 0) {
      throw new ToolkitError('USAGE', {
        message: 'no image to explain',
        hint: 'name image files, or images of the data set with --index',
      });
    }
    // Loads the image codec only when it is needed.
    const { explain } = await import('../../stages/explain/explain.js');
    const pictures = await pictureSources(names, stdin, context.emit);
    const result = await explain(checkpoint ?? '', pictures, options, context);
    return picturesOutcome(result, explanationsText);
  },
});
