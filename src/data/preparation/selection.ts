import { ToolkitError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import { allIndices, selectImages, type LabelledImages } from '../../core/images.js';

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
  images: LabelledImages,
  classes: readonly number[],
  perClass: number | undefined,
  seed: number,
): LabelledImages {
  const all = allIndices(images.count);
  const chosen = classes.flatMap((label) => {
    const members = all.filter((index) => images.labels[index] === label);
    if (perClass === undefined) return [...members];
    return [...new Random(seed, 'images-per-class', label).shuffle(members).subarray(0, perClass)];
  });
  const selected = selectImages(images, Int32Array.from(chosen).sort());
  const positions = new Map(classes.map((label, position) => [label, position]));
  return { ...selected, labels: selected.labels.map((label) => positions.get(label)!) };
}
