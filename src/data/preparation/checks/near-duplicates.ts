import { setImmediate as nextTurn } from 'node:timers/promises';

import { matMul, slice, tensor2d, tidy, type Tensor2D } from '@tensorflow/tfjs-core';

import type { StageContext } from '../../../core/events.js';
import { describeImages, type Descriptors } from '../cleaning/descriptors.js';
import { similarity } from '../cleaning/similarity.js';
import { thumbnails, type Thumbnails } from '../cleaning/thumbnails.js';
import { defineCheck, type CheckInput, type Finding, type SplitName } from './check.js';
import { rowOf } from '../../../core/images.js';

/** Descriptors whose product is lower are of different images. */
const CANDIDATE = 0.975;
/** Images at least so alike are near duplicates. */
const SIMILAR = 0.985;
/** Products that are looked at together: enough to keep the backend busy, few enough for a small memory. */
const BLOCK_VALUES = 2 ** 24;

/**
 * Images that differ in a small shift, in brightness or in compression alone. Pairs whose coarse descriptors agree are found
 * by matrix products over all pairs, and then compared pixel by pixel. Dropped is the training image of a pair across the two
 * files, and the later one of a pair within a file.
 */
export const nearDuplicatesCheck = defineCheck({
  name: 'near-duplicates',
  summary: 'near-duplicates: equal except for a small shift, brightness or compression',
  source:
    'normalised cross-correlation (Lewis, “Fast normalized cross-correlation”, 1995) over coarse descriptors',
  modes: ['off', 'report', 'drop'],
  fallback: 'off',
  needsBackend: () => true,
  async run(input, _mode, context) {
    const sets = { train: describe(input, 'train'), test: describe(input, 'test') };
    const pairings = [
      ['train', 'test'],
      ['train', 'train'],
      ['test', 'test'],
    ] as const;
    const findings: (Finding & { score: number })[] = [];
    for (const [split, other] of pairings) {
      const pairs = await similarPairs(sets[split], sets[other], context);
      findings.push(
        ...pairs.filter((pair) => isNews(pair, input, split, other)).map(toFinding(split, other)),
      );
    }
    return findings.sort((a, b) => b.score - a.score);
  },
});

/** A set of images in the forms in which they are compared. */
export interface ComparedSet {
  images: Thumbnails;
  descriptors: Descriptors;
}

/** Two images that are alike: the first of one set, the second of the other. */
export interface SimilarPair {
  first: number;
  second: number;
  score: number;
}

function describe(input: CheckInput, split: SplitName): ComparedSet {
  const images = thumbnails(input[split]);
  return { images, descriptors: describeImages(images) };
}

/** What this check adds to what others have found: pairs that are not equal, and of which none is left out already. */
function isNews(
  { first, second }: SimilarPair,
  input: CheckInput,
  split: SplitName,
  other: SplitName,
): boolean {
  if (input.isDropped({ split, index: first }) || input.isDropped({ split: other, index: second }))
    return false;
  return Buffer.compare(imageAt(input, split, first), imageAt(input, other, second)) !== 0;
}

function imageAt(input: CheckInput, split: SplitName, index: number): Uint8Array {
  const { pixels, count } = input[split];
  const size = pixels.length / count;
  return rowOf(pixels, index, size);
}

function toFinding(split: SplitName, otherSplit: SplitName) {
  return ({ first, second, score }: SimilarPair): Finding & { score: number } => {
    // Within a file the first of two stays; across the files the test image.
    const [index, kept] = split === otherSplit ? [second, first] : [first, second];
    const reason = `like ${otherSplit} image ${kept}: correlation ${score.toFixed(3)}`;
    return { split, index, reason, score, other: { split: otherSplit, index: kept }, droppable: true };
  };
}

/** All pairs of images that are alike; of a set with itself, each pair once. */
export async function similarPairs(
  a: ComparedSet,
  b: ComparedSet,
  { emit, signal }: StageContext,
): Promise<SimilarPair[]> {
  const isSame = a === b;
  const found: SimilarPair[] = [];
  const columns = upload(a.descriptors, a.images.count);
  const rows = upload(b.descriptors, b.images.count);
  const step = Math.max(1, Math.floor(BLOCK_VALUES / a.images.count));
  const total = b.images.count;
  try {
    for (let start = 0; start < total; start += step) {
      signal.throwIfAborted();
      const count = Math.min(step, total - start);
      // Of a set with itself, the images after this block have met those before it already.
      const width = isSame ? start + count : a.images.count;
      const products = tidy(() =>
        matMul(slice(rows, [start, 0], [count, -1]), slice(columns, [0, 0], [width, -1]), false, true),
      );
      const values = await products.data<'float32'>();
      products.dispose();
      scan(values, width, (row, first) => {
        const second = start + row;
        if (isSame && first >= second) return;
        const score = similarity({ ...a, index: first }, { ...b, index: second });
        if (score >= SIMILAR) found.push({ first, second, score });
      });
      emit({ event: 'progress', task: 'comparing', done: start + count, total, unit: 'images' });
      await nextTurn();
    }
  } finally {
    columns.dispose();
    rows.dispose();
  }
  return found;
}

function upload({ vectors, length }: Descriptors, count: number): Tensor2D {
  return tensor2d(vectors, [count, length]);
}

function scan(products: Float32Array, width: number, take: (row: number, column: number) => void): void {
  for (let place = 0; place < products.length; place++) {
    if (products[place]! >= CANDIDATE) take(Math.floor(place / width), place % width);
  }
}
