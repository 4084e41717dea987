// What privacy costs: private steps against ordinary ones of the same model and batch size, in interleaved rounds.
//   npm run bench:private -- --models mlp,cnn --data-dir data
import { InvalidArgumentError, Command } from 'commander';

import { findPrepared } from '../src/artifacts/prepared.js';
import { callerLayer } from '../src/core/config/layers.js';
import { resolveOptions } from '../src/core/config/resolve.js';
import { silentContext } from '../src/core/events.js';
import { startBackend } from '../src/engine/backends/start.js';
import { placeOnDevice } from '../src/engine/running/device-images.js';
import { CompiledTraining } from '../src/engine/running/compiled-training.js';
import { buildModelOnFeatures } from '../src/models/load-model.js';
import type { Model, ModelTask } from '../src/models/model.js';
import { TrainingVariables } from '../src/models/variables.js';
import { trainSpace } from '../src/stages/train/train-options.js';
import { epochsInMemory, type EpochSource } from '../src/training/epoch-source.js';
import { crossEntropy } from '../src/training/losses/cross-entropy.js';
import { sgd } from '../src/training/optimizers/sgd.js';
import { PrivateEpochs } from '../src/training/privacy/private-epochs.js';
import { lossLimit } from '../src/training/privacy/private-gradients.js';
import { stepCoefficients, trainingStep } from '../src/training/step.js';
import { opacusNet } from './opacus-net.js';
import { median, quantile } from './statistics.js';

interface Options {
  models: string;
  batch: number;
  images: number;
  rounds: number;
  threads: number;
  dataDir: string;
}

const whole = (text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number from 1.');
};
const options = new Command('npm run bench:private --')
  .description('What privacy costs: private steps against ordinary ones, in interleaved rounds.')
  .option(
    '--models <names>',
    'models, with their default options; opacus: the network of its example',
    'mlp,cnn',
  )
  .option('--batch <n>', 'batch size', whole, 600)
  .option('--images <n>', 'images of an epoch', whole, 6000)
  .option('--rounds <n>', 'rounds', whole, 7)
  .option('--threads <n>', 'threads', whole, 2)
  .option('--data-dir <folder>', 'where the prepared MNIST is', 'data')
  .parse()
  .opts<Options>();

const { batch, threads } = options;
await startBackend(
  'tensorflow',
  { device: 'cpu', threads, runtime: undefined, environment: process.env },
  silentContext(),
);
const data = await findPrepared(options.dataDir, 'mnist');
if (!data) throw new Error(`no prepared MNIST in ${options.dataDir}: run "mnist preprocess mnist"`);
const images = placeOnDevice(data.train, { scale: 1 / 255, offset: 0 });
const training = Int32Array.from({ length: options.images }, (_, index) => index);

for (const name of options.models.split(',')) {
  const [ordinary, private_] = [epochsOf(name, false), epochsOf(name, true)];
  const seconds: [Spent[], Spent[]] = [[], []];
  // The first round, with what is done once, does not count.
  for (let round = 0; round <= options.rounds; round++) {
    for (const which of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const took = await timed([ordinary, private_][which]!);
      if (round > 0) seconds[which].push(took);
    }
  }
  const ratiosOf = (clock: keyof Spent): number[] =>
    seconds[0].map((first, round) => seconds[1][round]![clock] / first[clock]);
  const wall = ratiosOf('wall');
  const [low, high] = [0.25, 0.75].map((share) => quantile(wall, share).toFixed(2));
  const rate = (of: Spent[], clock: keyof Spent = 'wall'): string =>
    Math.round(options.images / median(of.map((spent) => spent[clock]))).toLocaleString('en');
  // eslint-disable-next-line no-console -- what a benchmark is run for
  console.log(
    `${name}, batch ${batch}: ${rate(seconds[0])} images/s ordinary, ${rate(seconds[1])} private; ` +
      `a private epoch takes ${median(wall).toFixed(2)} times as long (quartiles ${low}–${high}), ` +
      `and ${median(ratiosOf('processor')).toFixed(2)} times as much processor time ` +
      `(${rate(seconds[1], 'processor')} images private per second of it)`,
  );
}

/** An epoch's source and the step's coefficients. */
function epochsOf(name: string, isPrivate: boolean): EpochSource {
  const task = { shape: data!.shape, classes: data!.classNames.length };
  const model = name === 'opacus' ? opacusNet() : registeredModel(name, task);
  const optimizer = sgd.build(sgd.options.parse({}));
  const variables = new TrainingVariables(model, optimizer.slots, 1);
  const privacy = {
    ...{ clipNorm: 1, noiseMultiplier: 1, batchSize: batch, lossLimit: lossLimit(task.classes, undefined) },
    losses: crossEntropy.build({ labelSmoothing: 0 }, undefined),
  };
  const step = trainingStep(model, optimizer, variables, isPrivate ? { privacy } : {});
  const program = new CompiledTraining(step, images);
  if (isPrivate) return new PrivateEpochs(program, training, { batchSize: batch, threads });
  return epochsInMemory(program, training, { batchSize: batch, seed: 1 }, data!.train.labels);
}

function registeredModel(name: string, task: ModelTask): Model {
  const more = ['resnet', 'cnn-small'].includes(name) ? { normalization: 'group' } : {};
  const { values } = resolveOptions(trainSpace, [callerLayer({ model: name, ...more })]);
  return buildModelOnFeatures(values.model, values.features, task);
}

/** Seconds; other work on the machine changes processor time less. */
interface Spent {
  wall: number;
  processor: number;
}

async function timed(source: EpochSource): Promise<Spent> {
  const optimizer = sgd.build(sgd.options.parse({}));
  const [started, before] = [performance.now(), process.cpuUsage()];
  await source.run(1, {
    firstBatch: 0,
    coefficients: (at) => stepCoefficients(optimizer, at + 1, 0.01),
    signal: new AbortController().signal,
    onSlice: () => undefined,
  });
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - started) / 1000, processor: (user + system) / 1e6 };
}
