import { ToolkitError } from '../../../core/errors.js';
import { corruptError } from '../../../core/files.js';
import { wholeOf } from '../archives/array-pieces.js';
import { holdsTexts, npyNumbers, npyTexts } from '../archives/npy-values.js';
import type { NpzArray } from '../archives/npz-archive.js';

/**
 * Reads the labels of an array, one per image: numbers, strings or one-hot rows. Throws SOURCE_REFUSED, DATA_CORRUPT or
 * DATA_UNREADABLE.
 *
 * @param images the expected number of labels
 */
export async function labelsOf(array: NpzArray, images: number): Promise<string[]> {
  const { header, path } = array;
  const shape = header.shape.filter((size, axis) => axis === 0 || size !== 1);
  const [count = 0, columns = 1] = shape;
  if (shape.length > 2 || (columns > 1 && holdsTexts(header))) throw severalLabels(array);
  if (count !== images) throw corruptError(path, `${count} labels for ${images} images`);
  const data = await wholeOf(array);
  if (holdsTexts(header)) return npyTexts(header, data);
  const values = npyNumbers(header, data);
  if (columns === 1) return Array.from(values, (value) => wholeLabel(value, path));
  const at = (row: number, column: number): number =>
    values[header.isFortran ? column * count + row : row * columns + column]!;
  return Array.from({ length: count }, (_, row) => {
    const set = Array.from({ length: columns }, (_unused, column) => at(row, column));
    const label = set.indexOf(1);
    if (label < 0 || set.some((value, column) => value !== (column === label ? 1 : 0)))
      throw severalLabels(array);
    return String(label);
  });
}

function wholeLabel(value: number, path: string): string {
  if (Number.isSafeInteger(value)) return String(value);
  const reason = `a label is ${value}, not a whole number`;
  throw new ToolkitError('SOURCE_REFUSED', {
    path,
    reason,
    hint: 'labels are the numbers or names of classes',
  });
}

function severalLabels({ header, path }: NpzArray): ToolkitError {
  const reason = `of shape (${header.shape.join(', ')}): an image may have one label only`;
  const hint = 'choose one column, y[:, 0], or give one-hot rows of zeros and a single one';
  return new ToolkitError('SOURCE_REFUSED', { path, reason, hint });
}
