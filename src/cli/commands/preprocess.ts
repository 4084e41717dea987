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
import { defineCommand, withCommonOptions } from '../command.js';
import { preprocessFields } from '../../stages/preprocess/preprocess-options.js';

export const preprocessCommand = defineCommand({
  summary: 'clean, check and split a collected data set',
  positionals: [{ name: 'dataset', description: 'data set name', required: false, key: 'dataset' }],
  space: withCommonOptions(preprocessFields),
  examples: [
    ['mnist preprocess', 'MNIST, with 10 % of each class for validation'],
    [
      'mnist preprocess fashion-mnist --validation-split 0.2 --scaling zero-one',
      'another validation split and pixel scaling',
    ],
    ['mnist preprocess --clean all', 'run all checks, change nothing'],
    [
      'mnist preprocess --clean label-errors=drop,near-duplicates=drop',
      'drop likely label errors, and training images that are near-duplicates of test images',
    ],
    [
      'mnist preprocess --augment-to 10000000',
      'ten million augmented training images in shards; training needs no more memory',
    ],
    ['mnist preprocess --denoise median', 'apply a median filter to all images'],
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
