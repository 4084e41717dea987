// Makes a set of augmented MNIST images that lies on the disk in shards, trains the article's net on it for an epoch, and prints what
// both took: images a second, peak resident memory, and how busy the cores were. Then the same net on MNIST in memory. Run it with
//   npm run bench:stream -- IMAGES [FOLDER] [SHARD_SIZE]
// FOLDER is where a folder for the set is made, and removed again, on Ctrl-C too: ten million images take 7.4 GiB. It may be left alone:
// every half minute it says how far it is.
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

import type { EpochEvent, StageContext } from '../src/core/events.js';
import { collect, preprocess, train, type TrainResult } from '../src/index.js';

const [images = '1000000', parent = tmpdir(), shardImages = '100000'] = process.argv.slice(2);

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(1);
const count = (number: number): string => Math.round(number).toLocaleString('en');
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interruption.abort(new Error(`stopped by ${signal}`)));
}

interface Watched<Result> {
  result: Result;
  /** What it needed, for people. */
  needed: string;
}

/** Watches memory and cores of this process while something is done. */
async function watched<Result>(
  work: (context: Partial<StageContext>) => Promise<Result>,
): Promise<Watched<Result>> {
  let peak = 0;
  let told = performance.now();
  const [before, start] = [process.cpuUsage(), performance.now()];
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 50);
  const emit: StageContext['emit'] = (event) => {
    if (performance.now() - told < 30_000) return;
    if (event.event !== 'progress' && event.event !== 'batch') return;
    told = performance.now();
    const [done, total = 0] =
      event.event === 'batch' ? [event.images, event.totalImages] : [event.done, event.total];
    print(
      `  ${count(done)} of ${count(total)} images; memory ${count(process.memoryUsage.rss() / 2 ** 20)} MiB`,
    );
  };
  try {
    const result = await work({ emit, signal: interruption.signal });
    const { user, system } = process.cpuUsage(before);
    const busy = (user + system) / 1000 / (performance.now() - start) / availableParallelism();
    return { result, needed: `peak memory ${count(peak / 2 ** 20)} MiB; cores ${percent(busy)} busy` };
  } finally {
    clearInterval(timer);
  }
}

interface Epoch {
  result: TrainResult;
  event: EpochEvent;
}

async function trainEpoch(dataDir: string, run: string, context: Partial<StageContext>): Promise<Epoch> {
  let event: EpochEvent | undefined;
  const emit: StageContext['emit'] = (told) => {
    context.emit?.(told);
    if (told.event === 'epoch') event = told;
  };
  const options = { dataDir, checkpointsDir: join(dataDir, 'checkpoints'), run, epochs: 1 };
  const result = await train(options, { ...context, emit });
  return { result, event: event! };
}

function report(what: string, { result: { result, event }, needed }: Watched<Epoch>): void {
  const { accuracy, n } = result.test;
  print(
    `${what}: one epoch in ${event.seconds.toFixed(1)} s, ${count(event.imagesPerSecond)} images/s in training; ${needed}; ${percent(accuracy)} on the ${count(n)} test images`,
  );
}

/** An image and its label, and a tenth for everything else. */
const bytes = Number(images) * 785 * 1.1;
const { bavail, bsize } = await statfs(parent);
if (bavail * bsize < bytes)
  throw new Error(`${parent} has too little space: ${count(bytes / 2 ** 30)} GiB are needed`);

const folder = await mkdtemp(join(parent, 'mnist-stream-'));
try {
  const [shards, memory] = ['shards', 'memory'].map((name) => join(folder, name)) as [string, string];
  await collect({ dataDir: shards });
  const since = performance.now();
  const options = { dataDir: shards, augmentTo: Number(images), shardImages: Number(shardImages) };
  const made = await watched((context) => preprocess(options, context));
  print(`${count(Number(images))} images put into shards in ${seconds(since)} s; ${made.needed}`);
  report('in shards', await watched((context) => trainEpoch(shards, 'streamed', context)));
  report('MNIST in memory', await watched((context) => trainEpoch(memory, 'in-memory', context)));
} finally {
  await rm(folder, { recursive: true, force: true });
}
