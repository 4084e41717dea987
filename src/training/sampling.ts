import type { Random } from '../core/random.js';

/** How an epoch takes its images: `shuffled`, each of them once; or `balanced`, as many of each class. */
export const samplings = ['shuffled', 'balanced'] as const;

export type Sampling = (typeof samplings)[number];

/**
 * The images of an epoch, in random order.
 *
 * @param images the indices of the images to choose from
 * @param labels of all images, by index; used if the classes are to be balanced
 */
export function sampleImages(
  images: Int32Array,
  labels: ArrayLike<number>,
  sampling: Sampling,
  random: Random,
): Int32Array {
  return random.shuffle(sampling === 'balanced' ? balanced(images, labels, random) : images.slice());
}

/**
 * As many images as there are, as many of each class as of any other (or one more): of a rare class each image several times, of a
 * frequent one a random part. No image is taken once more before all others of its class.
 */
function balanced(images: Int32Array, labels: ArrayLike<number>, random: Random): Int32Array {
  const byClass = new Map<number, number[]>();
  for (const image of images) {
    const label = labels[image]!;
    const others = byClass.get(label);
    if (others) others.push(image);
    else byClass.set(label, [image]);
  }
  // Which classes have one image more changes from epoch to epoch.
  const classes = random.shuffle(Int32Array.from([...byClass.keys()].sort((a, b) => a - b)));
  const chosen = new Int32Array(images.length);
  let next = 0;
  classes.forEach((label, place) => {
    const own = Int32Array.from(byClass.get(label)!);
    const end = Math.floor(((place + 1) * images.length) / classes.length);
    while (next < end) {
      const turn = random.shuffle(own).subarray(0, end - next);
      chosen.set(turn, next);
      next += turn.length;
    }
  });
  return chosen;
}
