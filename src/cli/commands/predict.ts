import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { predict, predictFields } from '../../stages/predict/predict.js';
import { predictionsCsv } from '../terminal/results/predictions-csv.js';
import { predictionsText } from '../terminal/results/predictions.js';
import { checkpointPositional, defineCommand, withCommonOptions } from '../command.js';
import { imagesPositional, picturesOutcome, pictureSources } from '../pictures.js';

const fields = z.strictObject({
  ...predictFields.shape,
  csv: z.boolean().default(false).meta({ description: 'print a CSV table (RFC 4180) on stdout' }),
});

export const predictCommand = defineCommand({
  summary: 'classify image files, or all images in a folder',
  positionals: [checkpointPositional, imagesPositional(true)],
  space: withCommonOptions(fields),
  examples: [
    ['mnist predict latest seven.png', 'a photographed or drawn digit'],
    ['mnist predict latest scans', 'all images in a folder and those below it'],
    ['mnist predict latest scans --csv > classes.csv', 'a table for a spreadsheet'],
    ['mnist predict latest scans/*.png --json', 'classes and probabilities as JSON'],
    ['mnist predict a seven.png --with b,c', 'with an ensemble of three runs'],
    ['mnist predict latest - --show < photo.jpg', 'from standard input; also draws the model’s input'],
  ],
  async run({ positionals: [checkpoint, ...names], options, json, context, stdin }) {
    const { csv } = options;
    if (csv && json) throw oneForm('--csv and --json both say what stdout holds');
    if (csv && options.show) throw oneForm('--show draws images, which a CSV table cannot hold');
    const pictures = await pictureSources(names, stdin, context.emit);
    const result = await predict(checkpoint ?? '', pictures, options, context);
    if (!csv) return picturesOutcome(result, predictionsText);
    const order = pictures.map(({ name }) => name);
    return picturesOutcome(result, (outcome) => predictionsCsv(outcome, order, options.top));
  },
});

function oneForm(message: string): ToolkitError {
  return new ToolkitError('USAGE', { message, hint: 'leave out one of them' });
}
