import { ToolkitError } from '../core/errors.js';
import { Random } from '../core/random.js';
import { pixelsPerImage, type LabelledImages } from '../engine/images.js';

/**
 * The positions of the classes that a list names, ascending: by name, by number, or by a range of numbers such as `0-4`. Throws USAGE
 * where one is unknown.
 */
export function chosenClasses(wanted: readonly string[], classNames: readonly string[]): number[] {
  const found = wanted.flatMap((word) => {
    const named = classNames.indexOf(word);
    if (named >= 0) return [named];
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(word) ?? [];
    const range = classNames.flatMap((_, label) =>
      label >= Number(first) && label <= Number(last) ? label : [],
    );
    if (range.length > 0 && Number(last) < classNames.length) return range;
    throw new ToolkitError('USAGE', {
      message: `no class "${word}" among ${classNames.join(', ')}`,
      hint: 'name classes, or give their numbers from 0 or ranges of them: --classes 0-4',
    });
  });
  return [...new Set(found)].sort((a, b) => a - b);
}

/**
 * The images of some classes, whose labels are then counted from 0.
 *
 * @param perClass at most so many of each, drawn from the seed; all, where it is left out
 */
export function selectClasses(
  { count, shape, pixels, labels }: LabelledImages,
  classes: readonly number[],
  perClass: number | undefined,
  seed: number,
): LabelledImages {
  const all = Int32Array.from({ length: count }, (_, index) => index);
  const chosen = classes.flatMap((label) => {
    const members = all.filter((index) => labels[index] === label);
    if (perClass === undefined) return [...members];
    return [...new Random(seed, 'images-per-class', label).shuffle(members).subarray(0, perClass)];
  });
  const indices = Int32Array.from(chosen).sort();
  const size = pixelsPerImage(shape);
  const kept = new Uint8Array(indices.length * size);
  indices.forEach((index, row) => {
    kept.set(pixels.subarray(index * size, (index + 1) * size), row * size);
  });
  const positions = new Map(classes.map((label, position) => [label, position]));
  const relabelled = Uint8Array.from(indices, (index) => positions.get(labels[index]!)!);
  return { count: indices.length, shape, pixels: kept, labels: relabelled };
}
