import { predict, predictFields } from '../../stages/predict/predict.js';
import { predictionsText } from '../terminal/results/predictions.js';
import { checkpointPositional, defineCommand, withCommonOptions } from '../command.js';
import { imagesPositional, picturesOutcome, pictureSource } from '../pictures.js';

export const predictCommand = defineCommand({
  summary: 'classify image files',
  positionals: [checkpointPositional, imagesPositional(true)],
  space: withCommonOptions(predictFields),
  examples: [
    ['mnist predict latest seven.png', 'a photographed or drawn digit'],
    ['mnist predict latest scans/*.png --json', 'classes and probabilities as JSON'],
    ['mnist predict a seven.png --with b,c', 'with an ensemble of three runs'],
    ['mnist predict latest - --show < photo.jpg', 'from standard input; also draws the model’s input'],
  ],
  async run({ positionals: [checkpoint, ...names], options, context, stdin }) {
    const pictures = names.map((name) => pictureSource(name, stdin));
    const result = await predict(checkpoint ?? '', pictures, options, context);
    return picturesOutcome(result, predictionsText);
  },
});
