import { isToolkitError } from '../../src/core/errors.js';
import type { ImageShape } from '../../src/core/images.js';
import { Random } from '../../src/core/random.js';
import { imageOf } from '../../src/data/imaging/foreign-picture.js';
import { checkpointDescription } from './checkpoints.js';
import { damagedImage, goodImages } from './hostile-images.js';

/** What became of damaged pictures that were to be classified. */
export interface PictureTally {
  pictures: number;
  prepared: number;
  refused: number;
  slowestMs: number;
  /** What the slowest one was made of. */
  slowest: string;
}

const PREPARATIONS = ['digit', 'fit', 'import'] as const;
const SHAPES: readonly ImageShape[] = [
  { height: 28, width: 28, channels: 1 },
  { height: 32, width: 32, channels: 3 },
];

/**
 * Prepares damaged pictures of every format for a model, in every way, as `predict` and `serve` do. Throws where one of them ends in
 * anything but an image of the model's shape or PICTURE_UNREADABLE in one line.
 */
export async function prepareHostile(seed: number, pictures: number): Promise<PictureTally> {
  const tally: PictureTally = { pictures, prepared: 0, refused: 0, slowestMs: 0, slowest: '' };
  const good = await goodImages();
  for (let index = 0; index < pictures; index++) {
    const random = new Random(seed, 'hostile-pictures', index);
    const { name, content } = damagedImage(random, good, index);
    const shape = SHAPES[random.integer(SHAPES.length)]!;
    const description = { ...checkpointDescription(), shape };
    const preparation = PREPARATIONS[random.integer(PREPARATIONS.length)]!;
    const start = performance.now();
    try {
      const { pixels } = await imageOf(content, name, description, preparation, 2 ** 24);
      if (pixels.length !== shape.height * shape.width * shape.channels)
        throw new Error(`${name}: ${pixels.length}`);
      tally.prepared++;
    } catch (error) {
      if (!isToolkitError(error) || error.code !== 'PICTURE_UNREADABLE') throw error;
      if (/[\n\r]/.test(error.message.slice(name.length))) {
        throw new Error(`an error of several lines: ${JSON.stringify(error.message)}`, { cause: error });
      }
      tally.refused++;
    }
    const milliseconds = performance.now() - start;
    if (milliseconds > tally.slowestMs) [tally.slowestMs, tally.slowest] = [milliseconds, name];
  }
  return tally;
}
