import { calibrateFields } from '../../stages/calibrate/calibrate-options.js';
import { calibrate } from '../../stages/calibrate/calibrate.js';
import { calibrationText } from '../terminal/results/calibration.js';
import { checkpointPositional, defineCommand, withCommonOptions } from '../command.js';

export const calibrateCommand = defineCommand({
  summary: 'calibrate probabilities and set decision thresholds',
  positionals: [checkpointPositional],
  space: withCommonOptions(calibrateFields),
  examples: [
    ['mnist calibrate latest', 'calibrate the probabilities by temperature scaling'],
    [
      'mnist calibrate latest --target-accuracy 0.999',
      'send to a person what cannot be decided with 99.9 % accuracy',
    ],
    ['mnist calibrate latest --target-recall bad=0.99', 'find at least 99 % of the bad parts'],
    [
      'mnist calibrate latest --costs costs.json --abstention-cost 0.5',
      'minimise the cost, given a cost matrix and the cost of a person',
    ],
  ],
  async run({ positionals, options, context }) {
    const calibration = await calibrate(positionals[0] ?? '', options, context);
    return { data: calibration, text: (style) => calibrationText(calibration, style) };
  },
});
