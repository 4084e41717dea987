import { describe, expect, it } from 'vitest';

import { chosenClasses, selectClasses } from '../../../src/data/preparation/selection.js';
import { greyImages } from '../../support/images.js';

const digits = Array.from({ length: 10 }, (_, digit) => String(digit));

describe('chosenClasses', () => {
  it('takes names, numbers and ranges', () => {
    expect(chosenClasses(['0-4'], digits)).toEqual([0, 1, 2, 3, 4]);
    expect(chosenClasses(['9', '2-3', '2'], digits)).toEqual([2, 3, 9]);
    expect(chosenClasses(['bag', '0'], ['shirt', 'bag'])).toEqual([0, 1]);
  });

  it.each([['10'], ['8-12'], ['4-2'], ['x'], ['-1'], ['']])('refuses %s', (word) => {
    expect(() => chosenClasses([word], digits)).toThrow(/no class/);
  });
});

describe('selectClasses', () => {
  const images = greyImages(1, [[10], [11], [12], [13], [14], [15]], [2, 0, 1, 2, 0, 2]);

  it('keeps images of the classes in their order, and counts their labels from 0', () => {
    const { count, pixels, labels } = selectClasses(images, [0, 2], undefined, 1);
    expect([count, [...pixels], [...labels]]).toEqual([5, [10, 11, 13, 14, 15], [1, 0, 1, 0, 1]]);
  });

  it('draws so many of each from the seed, and all where there are fewer', () => {
    const drawn = selectClasses(images, [1, 2], 2, 1);
    expect([...drawn.labels].sort()).toEqual([0, 1, 1]);
    expect(selectClasses(images, [1, 2], 2, 1)).toEqual(drawn);
    const others = Array.from({ length: 20 }, (_, seed) => selectClasses(images, [2], 1, seed).pixels[0]);
    expect(new Set(others)).toEqual(new Set([10, 13, 15]));
  });
});
