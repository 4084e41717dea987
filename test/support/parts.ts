import { writePrepared } from '../../src/artifacts/prepared.js';
import type { LabelledImages } from '../../src/core/images.js';
import { Random } from '../../src/core/random.js';

const SIDE = 5;
const GREY = 120;
const NOISE = 25;
/** How much lighter the scratch of a bad part is, in its row of pixels. */
const SCRATCH = 25;

/** Images of parts, grey and noisy: first the good ones (class 0), then the bad ones (class 1), which have a scratch. */
export function parts(good: number, bad: number, seed: number): LabelledImages {
  const count = good + bad;
  const labels = Uint8Array.from({ length: count }, (_, image) => Number(image >= good));
  const noise = new Random(seed, 'parts').normalArray(count * SIDE ** 2, NOISE);
  const pixels = Uint8Array.from(noise, (value, at) => {
    const [image, row] = [Math.floor(at / SIDE ** 2), Math.floor((at % SIDE ** 2) / SIDE)];
    const isScratch = labels[image] === 1 && row === 2;
    return Math.min(255, Math.max(0, Math.round(GREY + value + (isScratch ? SCRATCH : 0))));
  });
  return { count, shape: { height: SIDE, width: SIDE, channels: 1 }, pixels, labels };
}

/** Writes the prepared data set "parts": 950 good and 50 bad parts for training, two fifths of them held out, and as many for testing. */
export async function writeParts(dataDir: string, fingerprint = 'parts'): Promise<void> {
  const train = parts(950, 50, 1);
  await writePrepared(
    dataDir,
    {
      format: 'mnist-train/prepared',
      version: 1,
      dataset: 'parts',
      classNames: ['good', 'bad'],
      shape: train.shape,
      defaults: { scaling: 'minus-one-one', validationSplit: 0.4, seed: 1 },
      fingerprint,
      licence: 'none',
      origin: 'made up',
    },
    train,
    parts(950, 50, 2),
  );
}
