// Makes a set of augmented MNIST images that lies on the disk in shards, trains the article's net on it for an epoch, and prints what
// both took; then the same net on MNIST in memory. Run it with
//   npm run bench:stream -- IMAGES [FOLDER] [SHARD_SIZE]
// FOLDER is where a folder for the set is made, and removed again: ten million images take 7.4 GiB.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { EpochEvent, StageContext } from '../src/core/events.js';
import { collect, preprocess, train, type TrainResult } from '../src/index.js';

const [images = '1000000', parent = tmpdir(), shardImages = '100000'] = process.argv.slice(2);

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(1);
const count = (number: number): string => Math.round(number).toLocaleString('en');
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** Watches the memory of this process while something is done. */
async function withPeak<Result>(work: () => Promise<Result>): Promise<{ result: Result; peak: string }> {
  let peak = 0;
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 50);
  try {
    const result = await work();
    return { result, peak: `${count(peak / 2 ** 20)} MiB` };
  } finally {
    clearInterval(timer);
  }
}

interface Epoch {
  result: TrainResult;
  event: EpochEvent;
}

async function trainEpoch(dataDir: string, run: string): Promise<Epoch> {
  let event: EpochEvent | undefined;
  const emit: StageContext['emit'] = (told) => {
    if (told.event === 'epoch') event = told;
  };
  const options = { dataDir, checkpointsDir: join(dataDir, 'checkpoints'), run, epochs: 1 };
  const result = await train(options, { emit });
  return { result, event: event! };
}

function report(what: string, { result, event }: Epoch, peak: string): void {
  const { accuracy, n } = result.test;
  print(
    `${what}: one epoch in ${event.seconds.toFixed(1)} s, ${count(event.imagesPerSecond)} images/s in training; peak memory ${peak}; ${percent(accuracy)} on the ${count(n)} test images`,
  );
}

const folder = await mkdtemp(join(parent, 'mnist-stream-'));
try {
  const [shards, memory] = ['shards', 'memory'].map((name) => join(folder, name)) as [string, string];
  await collect({ dataDir: shards });
  const since = performance.now();
  const made = await withPeak(() =>
    preprocess({ dataDir: shards, augmentTo: Number(images), shardImages: Number(shardImages) }),
  );
  print(`${count(Number(images))} images put into shards in ${seconds(since)} s; peak memory ${made.peak}`);
  const streamed = await withPeak(() => trainEpoch(shards, 'streamed'));
  report('in shards', streamed.result, streamed.peak);
  const inMemory = await withPeak(() => trainEpoch(memory, 'in-memory'));
  report('MNIST in memory', inMemory.result, inMemory.peak);
} finally {
  await rm(folder, { recursive: true, force: true });
}
