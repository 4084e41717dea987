// Trains the article's net on a set of augmented MNIST images that lies on the disk in shards, and prints what it took. Run it with
//   npm run bench:stream -- IMAGES [FOLDER] [SHARD_SIZE]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { findPrepared } from '../src/artifacts/prepared.js';
import { readShard, writeShard } from '../src/artifacts/shards.js';
import { startBackend } from '../src/backends/start.js';
import { silentContext } from '../src/core/events.js';
import { Random } from '../src/core/random.js';
import { CompiledTraining } from '../src/engine/compiled-training.js';
import { placeOnDevice } from '../src/engine/device-images.js';
import { pixelsPerImage, type LabelledImages } from '../src/engine/images.js';
import { inferenceProgram } from '../src/engine/prepare.js';
import { meanMetrics } from '../src/evaluation/classify.js';
import { mlp } from '../src/models/mlp.js';
import { adam } from '../src/optimizers/adam.js';
import { stepCoefficients, trainingStep } from '../src/training/step.js';
import { trainOnShards } from '../src/training/stream.js';
import { TrainingVariables } from '../src/training/variables.js';

const [images = '1000000', dataDir = 'data', size = '100000'] = process.argv.slice(2);
const shardSize = Number(size);
const shards = Math.ceil(Number(images) / shardSize);
const BATCH = 100;
const print = (text: string): void => void process.stdout.write(`${text}\n`);
const seconds = (since: number): number => (performance.now() - since) / 1000;
const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;

/** Images shifted by up to two pixels each way and made brighter or darker, drawn from all of the training images. */
function augment(source: LabelledImages, shard: number): LabelledImages {
  const random = new Random(1, 'augment', shard);
  const { height, width } = source.shape;
  const bytes = pixelsPerImage(source.shape);
  const pixels = new Uint8Array(shardSize * bytes);
  const labels = new Uint8Array(shardSize);
  const gains = Array.from({ length: 8 }, (_, step) =>
    Uint8Array.from({ length: 256 }, (_, value) => Math.min(255, Math.round(value * (0.75 + step / 16)))),
  );
  for (let image = 0; image < shardSize; image++) {
    const from = random.integer(source.count);
    const down = random.integer(5) - 2;
    const across = random.integer(5) - 2;
    const gain = gains[random.integer(gains.length)]!;
    labels[image] = source.labels[from]!;
    for (let y = Math.max(0, down); y < height + Math.min(0, down); y++) {
      const line = from * bytes + (y - down) * width;
      for (let x = Math.max(0, across); x < width + Math.min(0, across); x++) {
        pixels[image * bytes + y * width + x] = gain[source.pixels[line + x - across]!]!;
      }
    }
  }
  return { count: shardSize, shape: source.shape, pixels, labels };
}

const data = await findPrepared(dataDir, 'mnist');
if (!data) throw new Error(`no prepared MNIST in ${dataDir}`);
const folder = await mkdtemp(join(tmpdir(), 'mnist-stream-'));
try {
  const generatedAt = performance.now();
  for (let shard = 0; shard < shards; shard++) await writeShard(folder, shard, augment(data.train, shard));
  print(
    `${shards} shards of ${shardSize} images, ${mebibytes(shards * shardSize * 784)}, generated in ${seconds(generatedAt).toFixed(1)} s`,
  );
  await startBackend(
    'tensorflow',
    { device: 'auto', threads: undefined, runtime: undefined, environment: process.env },
    silentContext(),
  );
  const scaling = { scale: 2 / 255, offset: -1 };
  const model = mlp.build(mlp.options.parse({}), { shape: data.shape, classes: 10 });
  const optimizer = adam.build(adam.options.parse({}));
  const variables = new TrainingVariables(model, optimizer.slots, 1);
  const placed = placeOnDevice(await readShard(folder, 0), scaling);
  const program = new CompiledTraining(trainingStep(model, optimizer, variables), placed);
  const steps = shards * Math.ceil(shardSize / BATCH);
  let peak = 0;
  let reading = 0;
  let trained = 0;
  const startedAt = performance.now();
  await trainOnShards(
    { epochs: 1, batchSize: BATCH, seed: 1 },
    { epochs: 0, batches: 0 },
    {
      program,
      source: {
        shards,
        shardSize,
        read: async (shard) => {
          const from = performance.now();
          const read = await readShard(folder, shard);
          reading += seconds(from);
          return read;
        },
      },
      coefficients: (step) => stepCoefficients(optimizer, step + 1, 0.001 * (1 - step / steps)),
      signal: new AbortController().signal,
      onSlice: ({ losses }) => {
        trained += losses.length * BATCH;
        peak = Math.max(peak, process.memoryUsage.rss());
      },
    },
  );
  const took = seconds(startedAt);
  program.dispose();
  print(
    `one epoch: ${took.toFixed(1)} s, ${Math.round(trained / took)} images/s; reading beside it ${reading.toFixed(1)} s; peak memory ${mebibytes(peak)}`,
  );
  // What a shard in memory gives, again and again: the device without any streaming.
  const memory = new CompiledTraining(trainingStep(model, optimizer, variables), placed);
  const order = Int32Array.from({ length: shardSize }, (_, at) => at);
  const run = (): Promise<number> =>
    memory.run({
      order,
      batchSize: BATCH,
      firstBatch: 0,
      coefficients: (batch) => stepCoefficients(optimizer, batch + 1, 0),
      signal: new AbortController().signal,
      onSlice: () => undefined,
    });
  await run();
  const memoryAt = performance.now();
  for (let round = 0; round < 3; round++) await run();
  print(`the same step on one shard in memory: ${Math.round((3 * shardSize) / seconds(memoryAt))} images/s`);
  memory.dispose();
  const test = placeOnDevice(data.test, scaling);
  const inference = inferenceProgram((batch) => model.apply(batch, variables.values()), test, 10);
  const all = Int32Array.from({ length: data.test.count }, (_, at) => at);
  const { accuracy } = meanMetrics(await inference.run(all, new AbortController().signal), data.test.labels);
  print(`accuracy on MNIST’s test images after it: ${(100 * accuracy).toFixed(2)} %`);
  inference.dispose();
} finally {
  await rm(folder, { recursive: true, force: true });
}
