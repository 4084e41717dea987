import type { ToolkitEvent } from '../core/events.js';

type Warning = Extract<ToolkitEvent, { event: 'warning' }>;

/** A maximum pixel value below half the range is rarely intended. */
export const DARK = 128;
/** The largest number of classes named in a message; the others are counted. */
const NAMED = 5;

/**
 * Warns about a single class, and about classes without training images.
 *
 * @param trainingCounts training images of each class, in the order of the names
 */
export function classWarnings(classNames: readonly string[], trainingCounts: readonly number[]): Warning[] {
  const [only] = classNames;
  if (only !== undefined && classNames.length === 1) {
    return [
      {
        event: 'warning',
        code: 'ONE_CLASS',
        message: `the data set has only one class, "${only}": a model learns nothing from it, and is always right`,
        hint: 'add images of other classes; if it has more, check which folder or column holds the labels',
      },
    ];
  }
  const absent = classNames.filter((_, label) => (trainingCounts[label] ?? 0) === 0);
  if (absent.length === 0) return [];
  return [
    {
      event: 'warning',
      code: 'CLASS_WITHOUT_TRAINING_IMAGES',
      message: `no training images of ${namedClasses(absent)}: a model never predicts what it has not seen`,
      hint: 'add training images of these classes, or leave the classes out with "mnist preprocess --classes … --as NAME"',
    },
  ];
}

/** Classes by name, the first few of many. */
export function namedClasses(names: readonly string[]): string {
  const shown = names
    .slice(0, NAMED)
    .map((name) => `"${name}"`)
    .join(', ');
  const more = names.length - NAMED;
  return `${names.length === 1 ? 'class' : 'classes'} ${shown}${more > 0 ? ` and ${more} more` : ''}`;
}

/** The warning for images that use a small part of the pixel range. */
export function darkWarning(brightest: number): Warning {
  return {
    event: 'warning',
    code: 'PIXEL_RANGE',
    message: `no pixel is brighter than ${brightest} of 255: a model of such images misreads ordinary pictures`,
    hint: 'if the pixels have another range than 0 to 255, rescale them and collect again',
  };
}

/** Warns if no pixel reaches half of the range. */
export function darknessOf(pixels: Uint8Array): Warning[] {
  let brightest = 0;
  for (const pixel of pixels) {
    if (pixel >= DARK) return [];
    if (pixel > brightest) brightest = pixel;
  }
  return [darkWarning(brightest)];
}
