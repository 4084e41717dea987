import type { Split } from '../../artifacts/prepared.js';
import { Random } from '../../core/random.js';
import { allIndices, type LabelledImages } from '../../core/images.js';

/**
 * Holds back a share of the images of every class, so that the classes keep their proportions (a stratified split). The same
 * labels, share and seed always give the same split. Every class keeps at least one training image.
 *
 * @param share from 0 (nothing is held back) to below 1
 * @param purpose tells apart splits that are made from one seed
 */
export function stratifiedSplit(
  labels: Uint8Array,
  share: number,
  seed: number,
  purpose = 'validation-split',
): Split {
  const isHeldBack = new Uint8Array(labels.length);
  for (const [label, indices] of indicesByClass(labels)) {
    const count = Math.min(Math.round(indices.length * share), indices.length - 1);
    new Random(seed, purpose, label).shuffle(indices);
    for (const index of indices.subarray(0, count)) isHeldBack[index] = 1;
  }
  return dividedBy(isHeldBack);
}

function dividedBy(isHeldBack: Uint8Array): Split {
  const all = allIndices(isHeldBack.length);
  return {
    training: all.filter((index) => isHeldBack[index] === 0),
    validation: all.filter((index) => isHeldBack[index] === 1),
  };
}

/** The share of the training images that their source itself holds for validation, where it does so and some are left. */
function ownShare({ isValidation }: Pick<LabelledImages, 'isValidation'>): number | undefined {
  const held = isValidation?.reduce((sum, mark) => sum + mark, 0) ?? 0;
  return isValidation && held > 0 && held < isValidation.length ? held / isValidation.length : undefined;
}

/** The share of the training images that is held back: the one asked for, else that of the source, else a tenth. */
export function heldBackShare(
  images: Pick<LabelledImages, 'isValidation'>,
  asked: number | undefined,
): number {
  return asked ?? ownShare(images) ?? 0.1;
}

/**
 * Which training images are held back: those that their source itself holds for validation, where the share is just theirs; else
 * as many others, drawn from the seed.
 */
export function validationSplit(
  images: Pick<LabelledImages, 'labels' | 'isValidation'>,
  share: number,
  seed: number,
): Split {
  const { labels, isValidation } = images;
  if (isValidation && share === ownShare(images)) return dividedBy(isValidation);
  return stratifiedSplit(labels, share, seed);
}

function indicesByClass(labels: Uint8Array): Map<number, Int32Array> {
  const groups = new Map<number, number[]>();
  labels.forEach((label, index) => {
    const group = groups.get(label);
    if (group) group.push(index);
    else groups.set(label, [index]);
  });
  return new Map(Array.from(groups, ([label, indices]) => [label, Int32Array.from(indices)]));
}
