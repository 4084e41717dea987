import { Random } from '../../core/random.js';

/**
 * Some images of each class, drawn without bias; the same seed always draws the same ones.
 *
 * @param indices the images to draw from
 * @returns for each class at most `perClass` indices, ascending
 */
export function sampleClasses(
  labels: Uint8Array,
  indices: Int32Array,
  classes: number,
  perClass: number,
  seed: number,
): number[][] {
  const groups = Array.from({ length: classes }, (): number[] => []);
  for (const index of indices) groups[labels[index]!]!.push(index);
  return groups.map((group, label) => {
    const drawn = new Random(seed, 'samples', label).shuffle(Int32Array.from(group)).slice(0, perClass);
    return [...drawn.sort()];
  });
}
