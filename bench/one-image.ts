// How long a model in this process takes for one image, on one thread.
//   npm run bench:one-image -- CHECKPOINT
import { openModel } from '../src/index.js';
import { quantile } from './statistics.js';

const [checkpoint] = process.argv.slice(2);
if (checkpoint === undefined) throw new Error('usage: npm run bench:one-image -- CHECKPOINT');
const model = await openModel(checkpoint, { threads: 1 });
const { height, width, channels } = model.shape;
const images = Array.from({ length: 16 }, (_, image) =>
  Uint8Array.from({ length: height * width * channels }, (__, at) => (at * (37 + image)) % 256),
);
const WARM_UP = 500;
const microseconds: number[] = [];
for (let turn = 0; turn < WARM_UP + 5000; turn++) {
  const started = performance.now();
  await model.classify(images[turn % images.length]!);
  if (turn >= WARM_UP) microseconds.push(1000 * (performance.now() - started));
}
model.close();
const [half, most] = [0.5, 0.99].map((share) => quantile(microseconds, share).toFixed(0));
// eslint-disable-next-line no-console -- what a benchmark is run for
console.log(`${model.model}: an image takes ${half} µs (median of 5,000), 99 % of them at most ${most} µs`);
