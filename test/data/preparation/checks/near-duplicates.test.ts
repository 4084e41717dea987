import sharp from 'sharp';
import { beforeAll, describe, expect, inject, it } from 'vitest';

import { findPrepared } from '../../../../src/artifacts/prepared.js';
import { silentContext } from '../../../../src/core/events.js';
import type { LabelledImages } from '../../../../src/core/images.js';
import type { CheckInput, Finding } from '../../../../src/data/preparation/checks/check.js';
import { nearDuplicatesCheck } from '../../../../src/data/preparation/checks/near-duplicates.js';
import { startOnCpu } from '../../../support/backends.js';
import { chosenImages } from '../../../support/images.js';

const SIDE = 28;
let mnist: { train: LabelledImages; test: LabelledImages };

beforeAll(async () => {
  await startOnCpu('tensorflow');
  mnist = (await findPrepared(inject('dataDir'), 'mnist'))!;
});

const range = (start: number, count: number): number[] =>
  Array.from({ length: count }, (_, place) => start + place);

const imageAt = ({ pixels }: LabelledImages, index: number): Uint8Array =>
  pixels.slice(index * SIDE * SIDE, (index + 1) * SIDE * SIDE);

function shifted(image: Uint8Array, x: number, y: number): Uint8Array {
  // The margins of MNIST's images are wide enough that nothing is lost.
  return image.map((_, place) => image[place - y * SIDE - x] ?? 0);
}

const brightened = (image: Uint8Array): Uint8Array => image.map((pixel) => Math.min(255, pixel * 1.3 + 20));

async function recompressed(image: Uint8Array): Promise<Uint8Array> {
  const raw = { width: SIDE, height: SIDE, channels: 1 } as const;
  const file = await sharp(image, { raw }).jpeg({ quality: 50 }).toBuffer();
  return new Uint8Array(await sharp(file).greyscale().raw().toBuffer());
}

function run(
  train: LabelledImages,
  tested: LabelledImages,
  isDropped: CheckInput['isDropped'] = () => false,
): Promise<readonly Finding[]> {
  const none = (): never => {
    throw new Error('not asked for');
  };
  const input = { train, test: tested, classNames: [], isDropped, predictions: none };
  return nearDuplicatesCheck.run(input, 'report', silentContext());
}

describe('near-duplicates', () => {
  it('finds disguised training images in the test, and no others', async () => {
    const train = chosenImages(mnist.train, range(0, 1500));
    const tested = chosenImages(mnist.test, range(0, 300));
    // Planted in places 0 to 59 of the test: the training images of ten times their number.
    for (let place = 0; place < 60; place++) {
      const image = imageAt(train, place * 10);
      const disguised = [
        shifted(image, (place % 3) - 1, place % 2 === 0 ? 1 : -1),
        brightened(image),
        await recompressed(image),
      ][place % 3]!;
      tested.pixels.set(disguised, place * SIDE * SIDE);
    }
    const findings = await run(train, tested);
    const pairs = findings.map(
      ({ split, index, other }) => `${split} ${index} ${other!.split} ${other!.index}`,
    );
    expect(pairs.sort()).toEqual(
      range(0, 60)
        .map((place) => `train ${place * 10} test ${place}`)
        .sort(),
    );
  });

  it('within a file finds the later of two', async () => {
    const train = chosenImages(mnist.train, range(0, 40));
    train.pixels.set(shifted(imageAt(train, 30), 1, 0), 3 * SIDE * SIDE);
    const findings = await run(train, chosenImages(mnist.test, [0]));
    expect(findings).toMatchObject([
      { split: 'train', index: 30, other: { split: 'train', index: 3 }, droppable: true },
    ]);
    expect(findings[0]!.score).toBeCloseTo(1, 6);
  });

  it('leaves equal images and dropped ones to the checks before it', async () => {
    const train = chosenImages(mnist.train, [5, 5, 6, 7]);
    const tested = chosenImages(mnist.test, [0, 1]);
    tested.pixels.set(brightened(imageAt(train, 2)));
    expect(await run(train, tested)).toHaveLength(1);
    expect(await run(train, tested, ({ split, index }) => split === 'train' && index === 2)).toEqual([]);
  });

  it('images with nothing on them are like no other', async () => {
    const empty = chosenImages(mnist.train, [0, 1, 2]);
    empty.pixels.fill(0);
    expect(await run(empty, empty)).toEqual([]);
  });
});
