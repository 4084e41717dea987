import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { train } from '../../stages/train/train.js';
import { resolveTraining, trainFields, trainSpace } from '../../stages/train/train-options.js';
import { trainText } from '../terminal/results/train.js';
import { commonFields, defineCommand } from '../command.js';

export const trainCommand = defineCommand({
  summary: 'train a model and write its checkpoints (also: mnist-train)',
  positionals: [],
  space: { ...trainSpace, fields: z.strictObject({ ...commonFields.shape, ...trainFields.shape }) },
  examples: [
    ['mnist-train --epochs 10', 'the article’s net on MNIST; collects and preprocesses the data first'],
    ['mnist-train --config configs/article.json', 'the article’s program, number for number'],
    [
      'mnist-train --hidden-layers 256,128 --activation tanh --optimizer momentum',
      'another net, another rule',
    ],
    ['mnist-train --min-accuracy 0.97 --json', 'in CI: fails with exit code 5 below 97 %'],
    ['mnist-train --resume latest', 'go on after Ctrl-C'],
  ],
  resolve: resolveTraining,
  async run({ resolution, options, context }) {
    const result = await train(resolution, context);
    const { minAccuracy } = options;
    const isMet = minAccuracy === undefined || result.test.accuracy >= minAccuracy;
    return {
      data: result,
      text: (style) => trainText(result, style),
      failure: isMet
        ? undefined
        : new ToolkitError('QUALITY_GATE_NOT_MET', {
            accuracy: result.test.accuracy,
            minimum: minAccuracy,
            split: 'test',
          }),
    };
  },
});
