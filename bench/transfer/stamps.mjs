// Makes a set of photos of the stamps of Tux Paint (Debian's package tuxpaint-stamps-default): some for training, the others for the test.
//   node stamps.mjs /usr/share/tuxpaint/stamps FOLDER SEED [IMAGES-PER-CLASS]
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import sharp from 'sharp';

const [stamps, folder, seed, perClass = '10'] = process.argv.slice(2);
const SIZE = 224;
const BORDER = 4;

const classes = {
  bird: ['animals/birds'],
  flower: ['plants/flowers'],
  fruit: ['food/fruit'],
  mammal: ['animals/mammals', 'animals/marsupials'],
  vegetable: ['food/vegetables'],
  vehicle: ['vehicles', 'military/vehicles'],
};
/** Drawings, parts of vehicles, and photos that are there a second time, mirrored. */
const others = /cartoon|toys|plastic|_mirror|hedgehog|7spoke256|wheel_tractor/;

const photosIn = (place) =>
  readdirSync(join(stamps, place), { recursive: true })
    .filter((file) => file.endsWith('.png') && !others.test(file))
    .map((file) => join(stamps, place, file));

/** Numbers from 0 to 1 (mulberry32). */
let state = Number(seed) >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

function shuffled(values) {
  const result = values.toSorted();
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other], result[last]];
  }
  return result;
}

if (existsSync(folder)) throw new Error(`${folder} exists`);
for (const [name, places] of Object.entries(classes)) {
  const photos = shuffled(places.flatMap(photosIn));
  for (const [index, photo] of photos.entries()) {
    const split = index < Number(perClass) ? 'train' : 'test';
    const target = join(folder, split, name, `${basename(dirname(photo))}-${basename(photo)}`);
    mkdirSync(dirname(target), { recursive: true });
    const inner = SIZE - 2 * BORDER;
    await sharp(await sharp(photo).trim().toBuffer())
      .resize(inner, inner, { fit: 'contain', background: 'white' })
      .flatten({ background: 'white' })
      .extend({ top: BORDER, bottom: BORDER, left: BORDER, right: BORDER, background: 'white' })
      .toFile(target);
  }
  console.log(`${name}: ${photos.length} photos`);
}
