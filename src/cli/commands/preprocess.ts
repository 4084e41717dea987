import { z } from 'zod';

import { preparedFolder } from '../../artifacts/prepared.js';
import { preprocess, preprocessFields } from '../../stages/preprocess.js';
import { count } from '../../terminal/format.js';
import { qualityText } from '../../terminal/quality.js';
import { commonFields, defineCommand } from '../command.js';

export const preprocessCommand = defineCommand({
  summary: 'check, clean, split and describe a collected data set',
  positionals: [{ name: 'dataset', description: 'data set, by name', required: false, key: 'dataset' }],
  space: { fields: z.strictObject({ ...commonFields.shape, ...preprocessFields.shape }), choices: {} },
  examples: [
    ['mnist preprocess', 'MNIST, with a tenth of each class held back for validation'],
    [
      'mnist preprocess fashion-mnist --validation-split 0.2 --scaling zero-one',
      'other defaults for training',
    ],
    ['mnist preprocess --clean all', 'every check, also the slow ones; nothing is changed'],
    [
      'mnist preprocess --clean label-errors=drop,near-duplicates=drop',
      'leave out what is probably labelled wrongly, and training images that the test has too',
    ],
    ['mnist preprocess --denoise median', 'remove single wrong pixels from all images'],
  ],
  async run({ options, context }) {
    const { prepared, quality } = await preprocess(options, context);
    const { dataset, classNames, shape, fingerprint, defaults } = prepared;
    const folder = preparedFolder(options.dataDir, dataset);
    return {
      data: { folder, dataset, classNames, shape, fingerprint, defaults, quality },
      text: (style) =>
        `${qualityText(quality, style)}\n\n${count(prepared.train.count)} + ${count(prepared.test.count)} images in ${folder}; next: mnist train --dataset ${dataset}`,
    };
  },
});
