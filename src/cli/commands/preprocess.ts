import { z } from 'zod';

import { preparedFolder, type PreparedData } from '../../artifacts/prepared.js';
import {
  imagesIn,
  isSharded,
  shardedSplits,
  type ShardedData,
  type ShardedSplit,
} from '../../artifacts/sharded.js';
import { preprocess } from '../../stages/preprocess/preprocess.js';
import { count } from '../terminal/format.js';
import { qualityText } from '../terminal/results/quality.js';
import { commonFields, defineCommand } from '../command.js';
import { preprocessFields } from '../../stages/preprocess/preprocess-options.js';

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
    [
      'mnist preprocess --augment-to 10000000',
      'ten million training images of moved, darker and brighter digits, in shards: training needs no more memory than before',
    ],
    ['mnist preprocess --denoise median', 'remove single wrong pixels from all images'],
  ],
  async run({ options, context }) {
    const { prepared, quality } = await preprocess(options, context);
    const { dataset, classNames, shape, fingerprint, defaults } = prepared;
    const folder = preparedFolder(options.dataDir, dataset);
    return {
      data: {
        ...{ folder, dataset, classNames, shape, fingerprint, defaults, quality },
        ...(isSharded(prepared) && { shards: shardCounts(prepared) }),
      },
      text: (style) =>
        `${qualityText(quality, style)}\n\n${imagesText(prepared)} in ${folder}; next: mnist train --dataset ${dataset}`,
    };
  },
});

function imagesText(prepared: PreparedData | ShardedData): string {
  if (!isSharded(prepared)) return `${count(prepared.train.count)} + ${count(prepared.test.count)} images`;
  const [training, validation, test] = shardedSplits.map((split) => count(imagesIn(prepared, split)));
  const files = Object.values(shardCounts(prepared)).reduce((sum, shards) => sum + shards, 0);
  return `${training!} + ${validation!} + ${test!} images in ${files} shards`;
}

function shardCounts({ shards }: ShardedData): Record<ShardedSplit, number> {
  const { training, validation, test } = shards;
  return { training: training.length, validation: validation.length, test: test.length };
}
