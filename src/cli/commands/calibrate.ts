import { z } from 'zod';

import { calibrate, calibrateFields } from '../../stages/calibrate/calibrate.js';
import { calibrationText } from '../terminal/results/calibration.js';
import { checkpointPositional, commonFields, defineCommand } from '../command.js';

export const calibrateCommand = defineCommand({
  summary: 'fit how a checkpoint’s probabilities become decisions',
  positionals: [checkpointPositional],
  space: { fields: z.strictObject({ ...commonFields.shape, ...calibrateFields.shape }), choices: {} },
  examples: [
    ['mnist calibrate latest', 'probabilities that mean what they say: temperature scaling'],
    ['mnist calibrate latest --target-accuracy 0.999', 'ask a person where 99.9 % cannot be had'],
    [
      'mnist calibrate latest --costs costs.json --abstention-cost 0.5',
      'some errors cost more than others, and a person has a price',
    ],
  ],
  async run({ positionals, options, context }) {
    const calibration = await calibrate(positionals[0] ?? '', options, context);
    return { data: calibration, text: (style) => calibrationText(calibration, style) };
  },
});
