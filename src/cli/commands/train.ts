import { qualityFailure } from '../../evaluation/quality-gate.js';
import { preloadChosenBackend } from '../../engine/backends/options.js';
import { launchedPlace } from '../../engine/mpi/launched.js';
import type { train } from '../../stages/train/train.js';
import type { trainLaunched } from '../../stages/train/workers/train-launched.js';
import { collectFolder } from '../../stages/train/train-folder.js';
import { resolveTraining, trainSpace } from '../../stages/train/train-options.js';
import { learningRateText } from '../terminal/results/learning-rate.js';
import { trainText } from '../terminal/results/train.js';
import { defineCommand, withCommonOptions } from '../command.js';

// The stages are loaded when they run, so that TensorFlow is loaded at the same time.
const trainAlone = async (...given: Parameters<typeof train>): ReturnType<typeof train> =>
  (await import('../../stages/train/train.js')).train(...given);

const trainAmongOthers = async (
  ...given: Parameters<typeof trainLaunched>
): ReturnType<typeof trainLaunched> =>
  (await import('../../stages/train/workers/train-launched.js')).trainLaunched(...given);

export const trainCommand = defineCommand({
  summary: 'train a model (also: mnist-train)',
  positionals: [
    {
      name: 'folder',
      description:
        'folder of your own images, one folder per class: collected as a data set that has its name, then trained on',
      required: false,
      kind: 'folder',
      key: 'folder',
    },
  ],
  space: withCommonOptions(trainSpace.fields, trainSpace.choices),
  examples: [
    ['mnist-train --epochs 10', 'the article’s network on MNIST; collects and preprocesses the data first'],
    ['mnist-train ../photos', 'your own images, one folder per class, in one step'],
    ['mnist-train ../photos --size 96 --fit crop', 'the same in squares of 96 pixels, cut from the middle'],
    ['mnist-train ../photos --size 96 --init-from resnet18.safetensors', 'begin with weights of torchvision'],
    ['mnist-train --config configs/article.json', 'the article’s exact settings'],
    [
      'mnist-train --hidden-layers 256,128 --activation tanh --optimizer momentum',
      'another architecture and optimizer',
    ],
    ['mnist-train --min-accuracy 0.97 --json', 'in CI: exit code 5 below 97 %'],
    ['mnist-train --model cnn --find-learning-rate', 'test learning rates on 100 batches, and suggest one'],
    ['mnist-train --resume latest', 'continue after Ctrl-C'],
    ['mnist-train --workers 4', 'four processes of this machine train together (docs/distributed.md)'],
    ['mpiexec -n 8 -hosts a,b mnist-train', 'the same on several machines'],
  ],
  resolve: (layers) => resolveTraining(layers),
  async run({ resolution, options, context, environment }) {
    const place = launchedPlace(environment);
    // Workers that are launched from here load their own.
    if (options.workers === 1 && options.elastic === undefined) preloadChosenBackend(options, context);
    if (options.findLearningRate) {
      const { findLearningRate } = await import('../../stages/train/find-learning-rate.js');
      await collectFolder(options, context);
      const test = await findLearningRate(resolution, context);
      return { data: test, text: (style) => learningRateText(test, style) };
    }
    if ((place?.rank ?? 0) === 0) await collectFolder(options, context);
    const { result, failure } = place
      ? await trainAmongOthers(place, resolution, context)
      : { result: await trainAlone(resolution, context) };
    // Of several workers, the first alone reports.
    if (!result) return { data: {}, text: () => '', failure, isHidden: true };
    return {
      data: result,
      text: (style) => trainText(result, style),
      failure: qualityFailure(result.test.accuracy, options.minAccuracy, 'test'),
    };
  },
});
