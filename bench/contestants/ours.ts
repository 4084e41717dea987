import { parseArgs } from 'node:util';

import { startBackend } from '../../src/engine/backends/start.js';
import { silentContext } from '../../src/core/events.js';
import { placeOnDevice } from '../../src/engine/running/device-images.js';
import { inferenceProgram, trainingProgram, type ExecutionMode } from '../../src/engine/running/prepare.js';
import type { Forward, InferenceProgram } from '../../src/engine/running/program.js';
import type { Metrics } from '../../src/core/events.js';
import { meanMetrics } from '../../src/evaluation/classify.js';
import { indexOfMaximum } from '../../src/evaluation/probabilities.js';
import type { Model } from '../../src/models/model.js';
import { models } from '../../src/models/index.js';
import { optimizers } from '../../src/training/optimizers/index.js';
import type { Optimizer } from '../../src/training/optimizers/optimizer.js';
import { pixelScaling, pixelStatistics } from '../../src/data/preparation/scaling.js';
import { prepareData } from '../../src/stages/preprocess/prepare-data.js';
import { constant } from '../../src/training/schedules/constant.js';
import { epochsInMemory } from '../../src/training/epoch-source.js';
import { trainEpochs } from '../../src/training/loop.js';
import { noProgress } from '../../src/training/progress.js';
import { trainingStep } from '../../src/training/step.js';
import { TrainingVariables } from '../../src/models/variables.js';
import { median } from '../statistics.js';
import type { LEARNING_RATES } from '../tasks.js';
import { BATCH_SIZE, STEPS_PER_EPOCH } from '../tasks.js';

const INFERENCE_REPEATS = 3;
const LATENCY_WARM_UPS = 20;
const LATENCY_SAMPLES = 200;

const { values: options } = parseArgs({
  options: {
    mode: { type: 'string', default: 'compiled' },
    model: { type: 'string', default: 'mlp' },
    optimizer: { type: 'string', default: 'sgd' },
    epochs: { type: 'string', default: '10' },
    steps: { type: 'string', default: String(STEPS_PER_EPOCH) },
    threads: { type: 'string' },
    data: { type: 'string', default: 'data' },
  },
});
const mode = options.mode as ExecutionMode;
const optimizerName = options.optimizer as keyof typeof LEARNING_RATES;
const context = silentContext();
const { signal } = context;

const backend = await startBackend(
  'tensorflow',
  {
    device: 'cpu',
    threads: options.threads === undefined ? undefined : Number(options.threads),
    runtime: undefined,
    environment: process.env,
  },
  context,
);
emit('start', {
  threads: backend.threads,
  versions: { tensorflow: backend.version, node: process.version.slice(1) },
});

const data = await prepareData({ dataset: 'mnist', dataDir: options.data }, context);
const all = Int32Array.from({ length: data.train.count }, (_, index) => index);
const scaling = pixelScaling('minus-one-one', () => pixelStatistics(data.train, all));
const task = { shape: data.shape, classes: data.classNames.length };
const model = build(models.get(options.model), task) as Model;
const optimizer = build(optimizers.get(optimizerName)) as Optimizer;
const variables = new TrainingVariables(model, optimizer.slots, 1);
const trainingImages = placeOnDevice(data.train, scaling);
const testImages = placeOnDevice(data.test, scaling);
const forward: Forward = (images) => model.apply(images, variables.values());
const program = trainingProgram(trainingStep(model, optimizer, variables), trainingImages, mode);
const inference = inferenceProgram(forward, testImages, task.classes, mode);
const testOrder = Int32Array.from({ length: data.test.count }, (_, index) => index);

// The loop's own seconds leave out the shuffle and the way of the weights back from the session; the peers' times hold all that.
let beganAt = performance.now();
let trainedAt = beganAt;

await trainEpochs(
  {
    epochs: Number(options.epochs),
    schedule: constant.build(constant.options.parse({})),
    earlyStopping: undefined,
  },
  noProgress,
  {
    source: epochsInMemory(
      program,
      all.subarray(0, Number(options.steps) * BATCH_SIZE),
      { batchSize: BATCH_SIZE, seed: 1 },
      trainingImages.source.labels,
    ),
    optimizer,
    validate: () => {
      trainedAt = performance.now();
      return test();
    },
    onEpoch: (_progress, { epoch, loss, validation }) => {
      const testedAt = performance.now();
      emit('epoch', {
        epoch,
        seconds: (trainedAt - beganAt) / 1000,
        testSeconds: (testedAt - trainedAt) / 1000,
        loss,
        accuracy: validation!.accuracy,
      });
      beganAt = performance.now();
      return Promise.resolve();
    },
    onPause: () => Promise.resolve(),
    onBatches: () => undefined,
    signal,
  },
);
// In KiB.
emit('memory', { peakBytes: process.resourceUsage().maxRSS * 1024 });
await infer(inference);
program.dispose();
inference.dispose();

/** Builds a plug-in with its default options. */
function build(definition: unknown, ...more: unknown[]): unknown {
  const { build: make, options: schema } = definition as {
    build: (options: unknown, ...more: unknown[]) => unknown;
    options: { parse: (values: object) => unknown };
  };
  return make(schema.parse({}), ...more);
}

async function test(): Promise<Metrics> {
  return meanMetrics(await inference.run(testOrder, signal), data.test.labels);
}

async function infer(ready: InferenceProgram): Promise<void> {
  const whole: number[] = [];
  for (let repeat = 0; repeat < INFERENCE_REPEATS; repeat++) {
    whole.push(await secondsOf(countCorrect));
  }
  emit('inference', { seconds: median(whole) });
  const single = async (index: number): Promise<number> =>
    indexOfMaximum(await ready.run(Int32Array.of(index), signal));
  for (let index = 0; index < LATENCY_WARM_UPS; index++) await single(index);
  const samples: number[] = [];
  for (let index = 0; index < LATENCY_SAMPLES; index++) samples.push(await secondsOf(() => single(index)));
  emit('latency', { seconds: median(samples), samples: LATENCY_SAMPLES });
}

/** As the peers do: down to the number of correct answers, without a loss. */
async function countCorrect(): Promise<number> {
  const logits = await inference.run(testOrder, signal);
  const { classes } = task;
  return data.test.labels.reduce((correct, label, index) => {
    const row = logits.subarray(index * classes, (index + 1) * classes);
    return correct + (indexOfMaximum(row) === label ? 1 : 0);
  }, 0);
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}

function emit(event: string, fields: object): void {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
}
